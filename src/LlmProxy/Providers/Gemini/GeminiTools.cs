using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>Writes tools and toolConfig. https://ai.google.dev/gemini-api/docs/function-calling</summary>
internal static class GeminiTools
{
    /// <summary>The tool that stands for a JSON schema, where a model cannot have both tools and a schema.</summary>
    public const string AnswerTool = "give_answer";

    public static void Write(Utf8JsonWriter json, ChatTurn turn, bool withTools, bool withAnswerTool, bool hasOwnConfig)
    {
        turn.Fields.Take("tools");
        turn.Fields.Take("functions");
        if (!hasOwnConfig)
        {
            turn.Fields.Take("tool_choice");
            turn.Fields.Take("function_call");
        }

        turn.Fields.Take("parallel_tool_calls");
        ChatRequest request = turn.Request;
        if (request is { ParallelToolCalls: false, Tools.Count: > 0 })
        {
            turn.Fields.Drop("parallel_tool_calls"); // Google's models call as many tools at once as they like.
        }

        ReadOnlyMemory<byte> search = turn.Fields.Take("web_search_options");
        if (!withTools || (request.Tools.Count == 0 && search.IsEmpty))
        {
            return;
        }

        json.WriteStartArray("tools"u8);
        bool hasFunctions = WriteFunctions(json, turn, withAnswerTool);
        for (int i = 0; i < request.Tools.Count; i++)
        {
            if (request.Tools[i].NativeType is not null)
            {
                GeminiNativeTools.Write(json, request.Tools[i], $"tools[{i}]", turn);
            }
        }

        if (!search.IsEmpty)
        {
            WriteSearch(json, turn, search);
        }

        json.WriteEndArray();
        if (hasFunctions && !hasOwnConfig)
        {
            WriteChoice(json, turn, withAnswerTool);
        }
    }

    private static bool WriteFunctions(Utf8JsonWriter json, ChatTurn turn, bool withAnswerTool)
    {
        bool hasAny = false;
        foreach (ChatTool tool in turn.Request.Tools)
        {
            if (tool.NativeType is not null || !IsAllowed(tool, turn.Request.ToolChoice))
            {
                continue;
            }

            if (!hasAny)
            {
                hasAny = true;
                json.WriteStartObject();
                json.WriteStartArray("functionDeclarations"u8);
            }

            WriteFunction(json, turn, tool);
        }

        if (!hasAny)
        {
            return false;
        }

        if (withAnswerTool)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, AnswerTool);
            json.WriteString("description"u8, "Gives the final answer to the user. Call it once no other tool is needed."u8);
            json.WritePropertyName("parametersJsonSchema"u8);
            json.WriteRawValue(turn.Request.Format.Schema.Span, skipInputValidation: true);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        return true;
    }

    private static void WriteFunction(Utf8JsonWriter json, ChatTurn turn, ChatTool tool)
    {
        json.WriteStartObject();
        json.WritePropertyName("name"u8);
        tool.Name.WriteTo(json);
        if (!tool.Description.IsEmpty)
        {
            json.WritePropertyName("description"u8);
            tool.Description.WriteTo(json);
        }

        if (!tool.Parameters.IsEmpty)
        {
            // JSON schema as it is; "parameters" would want a subset of OpenAPI's.
            json.WritePropertyName("parametersJsonSchema"u8);
            json.WriteRawValue(tool.Parameters.Span, skipInputValidation: true);
        }

        json.WriteEndObject();
        if (tool.Strict == true)
        {
            turn.Fields.Drop("tools[].function.strict");
        }

        if (!tool.CacheControl.IsEmpty)
        {
            turn.Fields.Drop("cache_control");
        }
    }

    /// <summary>Where the model may choose among some of the tools, the others are not shown: names can only be narrowed where a call is a must.</summary>
    private static bool IsAllowed(ChatTool tool, ToolChoice choice) =>
        choice.Allowed is not { } allowed || allowed.Contains(tool.Name.ToString());

    private static void WriteChoice(Utf8JsonWriter json, ChatTurn turn, bool withAnswerTool)
    {
        ToolChoice choice = turn.Request.ToolChoice;
        if (choice.Kind == ToolChoiceKind.Unsaid && !withAnswerTool)
        {
            return;
        }

        json.WriteStartObject("toolConfig"u8);
        json.WriteStartObject("functionCallingConfig"u8);
        json.WriteString("mode"u8, choice.Kind switch
        {
            ToolChoiceKind.None => "NONE"u8,
            ToolChoiceKind.Required or ToolChoiceKind.Named => "ANY"u8,
            _ => withAnswerTool ? "ANY"u8 : "AUTO"u8,
        });
        if (choice.Kind == ToolChoiceKind.Named)
        {
            json.WriteStartArray("allowedFunctionNames"u8);
            choice.Name.WriteTo(json);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteSearch(Utf8JsonWriter json, ChatTurn turn, ReadOnlyMemory<byte> options)
    {
        var members = new Wire.JsonWalk(options);
        while (members.Next())
        {
            turn.Fields.Drop("web_search_options." + members.Name());
        }

        json.WriteStartObject();
        json.WriteStartObject("googleSearch"u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
