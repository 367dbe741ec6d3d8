using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Ollama;

/// <summary>Writes a conversation as the body of /api/chat.</summary>
internal sealed class OllamaRequest(ChatTurn turn, Utf8JsonWriter json)
{
    /// <summary>Fields of Ollama's own that clients of other dialects send beside theirs, and that operators put into Config.</summary>
    private static readonly string[] Own = ["keep_alive", "logprobs", "top_logprobs", "truncate", "shift"];

    private readonly ChatRequest _request = turn.Request;

    public void Write()
    {
        json.WriteStartObject();
        json.WritePropertyName("model"u8);
        json.WriteRawValue(turn.Target.ModelJson.Span, skipInputValidation: true);
        new OllamaMessages(turn, json).Write();
        WriteTools();
        WriteFormat();
        WriteThink();
        new OllamaOptions(turn, json).Write();
        foreach (string name in Own)
        {
            WriteRaw(name);
        }

        json.WriteBoolean("stream"u8, turn.IsStream);
        json.WriteEndObject();
    }

    private void WriteTools()
    {
        turn.Fields.Take("tools");
        turn.Fields.Take("functions");
        turn.Fields.Take("function_call");
        turn.Fields.Take("tool_choice");
        turn.Fields.Take("parallel_tool_calls");
        ToolChoice choice = _request.ToolChoice;
        if (_request.ParallelToolCalls == false)
        {
            turn.Fields.Drop("parallel_tool_calls");
        }

        if (choice.Kind is ToolChoiceKind.Required or ToolChoiceKind.Named)
        {
            turn.Fields.Drop("tool_choice"); // A list can be narrowed, a call cannot be demanded: there is no such field.
        }

        if (_request.Tools.Count == 0 || choice.Kind == ToolChoiceKind.None)
        {
            return;
        }

        json.WriteStartArray("tools"u8);
        for (int i = 0; i < _request.Tools.Count; i++)
        {
            ChatTool tool = _request.Tools[i];
            if (tool.NativeType is not null)
            {
                turn.Fields.Drop($"tools[{i}]");
            }
            else if (MayCall(tool, choice))
            {
                WriteTool(tool);
            }
        }

        json.WriteEndArray();
    }

    private static bool MayCall(ChatTool tool, in ToolChoice choice) =>
        choice.Allowed is { } allowed ? allowed.Contains(tool.Name.ToString())
        : choice.Kind != ToolChoiceKind.Named || choice.Name.ToString() == tool.Name.ToString();

    private void WriteTool(ChatTool tool)
    {
        if (tool.Strict == true)
        {
            turn.Fields.Drop("tools[].function.strict");
        }

        if (!tool.CacheControl.IsEmpty)
        {
            turn.Fields.Drop("cache_control");
        }

        json.WriteStartObject();
        json.WriteString("type"u8, "function"u8);
        json.WriteStartObject("function"u8);
        json.WritePropertyName("name"u8);
        tool.Name.WriteTo(json);
        if (!tool.Description.IsMissing)
        {
            json.WritePropertyName("description"u8);
            tool.Description.WriteTo(json);
        }

        json.WritePropertyName("parameters"u8);
        json.WriteRawValue(tool.Parameters.IsEmpty ? """{"type":"object","properties":{}}"""u8 : tool.Parameters.Span, skipInputValidation: true);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>"json", or the schema itself. https://docs.ollama.com/capabilities/structured-outputs</summary>
    private void WriteFormat()
    {
        AnswerFormat format = _request.Format;
        turn.Fields.Take("response_format");
        switch (format.Kind)
        {
            case AnswerFormatKind.JsonObject:
                json.WriteString("format"u8, "json"u8);
                break;
            case AnswerFormatKind.JsonSchema:
                json.WritePropertyName("format"u8);
                json.WriteRawValue(format.Schema.Span, skipInputValidation: true);
                if (!format.Description.IsEmpty)
                {
                    turn.Fields.Drop("response_format.json_schema.description");
                }

                break;
            default:
                WriteRaw("format");
                break;
        }
    }

    /// <summary>true, false, or how hard. https://docs.ollama.com/capabilities/thinking</summary>
    private void WriteThink()
    {
        turn.Fields.Take("reasoning_effort");
        turn.Fields.Take("thinking");
        turn.Fields.Take("reasoning");
        if (turn.GoesOn)
        {
            turn.Fields.Take("think");
            json.WriteBoolean("think"u8, false); // Models that think do so unasked, and would begin with it.
            return;
        }

        if (WriteRaw("think") || !_request.Thinking.IsSaid)
        {
            return;
        }

        ThinkingWish wish = _request.Thinking;
        if (!wish.IsWanted)
        {
            json.WriteBoolean("think"u8, false);
            return;
        }

        switch (wish.Effort)
        {
            case "minimal" or "low":
                json.WriteString("think"u8, "low"u8);
                break;
            case "medium":
                json.WriteString("think"u8, "medium"u8);
                break;
            case "high" or "xhigh":
                json.WriteString("think"u8, "high"u8);
                break;
            case "max":
                json.WriteString("think"u8, "max"u8);
                break;
            default:
                json.WriteBoolean("think"u8, true);
                break;
        }

        if (wish.Budget is not null)
        {
            turn.Fields.Drop("thinking.budget_tokens");
        }
    }

    private bool WriteRaw(string name)
    {
        ReadOnlyMemory<byte> value = turn.Fields.Take(name);
        if (value.IsEmpty)
        {
            return false;
        }

        json.WritePropertyName(name);
        json.WriteRawValue(value.Span, skipInputValidation: true);
        return true;
    }
}
