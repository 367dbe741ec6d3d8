using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>tools, tool_choice and parallel_tool_calls of a chat completions request.</summary>
internal sealed class OpenAiChatVendorTools(ChatTurn turn, Utf8JsonWriter json)
{
    private readonly ChatRequest _request = turn.Request;
    private readonly bool _takesMarks = OpenAiChatVendorHabits.Of(turn).TakesCacheMarks;

    public void Write()
    {
        turn.Fields.Take("tools");
        turn.Fields.Take("functions");
        List<ChatTool> functions = Functions();
        bool isNamed = _request.ToolChoice.Kind == ToolChoiceKind.Named;
        if (isNamed && !functions.Exists(tool => tool.Name.Escaped.SequenceEqual(_request.ToolChoice.Name.Escaped)))
        {
            throw turn.Refuse("tool_choice", "it names a tool that this vendor cannot be given.");
        }

        if (functions.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tools"u8);
        foreach (ChatTool tool in functions)
        {
            WriteTool(tool);
        }

        json.WriteEndArray();
        WriteChoice();
        turn.Fields.Take("parallel_tool_calls");
        if (_request.ParallelToolCalls is { } parallel)
        {
            json.WriteBoolean("parallel_tool_calls"u8, parallel);
        }
    }

    private List<ChatTool> Functions()
    {
        var functions = new List<ChatTool>(_request.Tools.Count);
        for (int i = 0; i < _request.Tools.Count; i++)
        {
            ChatTool tool = _request.Tools[i];
            if (tool.NativeType is { } type)
            {
                turn.Fields.Drop($"tools[{i}] ({(type.Length <= 64 && type.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') ? type : "unknown type")})");
            }
            else if (_request.ToolChoice.Allowed is not { } allowed || allowed.Contains(tool.Name.ToString()))
            {
                functions.Add(tool);
            }
        }

        return functions;
    }

    private void WriteTool(ChatTool tool)
    {
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
        if (tool.Strict is { } strict)
        {
            json.WriteBoolean("strict"u8, strict);
        }

        json.WriteEndObject();
        if (_takesMarks && !tool.CacheControl.IsEmpty)
        {
            json.WritePropertyName("cache_control"u8);
            json.WriteRawValue(tool.CacheControl.Span, skipInputValidation: true);
        }

        json.WriteEndObject();
    }

    private void WriteChoice()
    {
        turn.Fields.Take("tool_choice");
        turn.Fields.Take("function_call");
        ToolChoice choice = _request.ToolChoice;
        switch (choice.Kind)
        {
            case ToolChoiceKind.Auto:
                json.WriteString("tool_choice"u8, "auto"u8);
                break;
            case ToolChoiceKind.None:
                json.WriteString("tool_choice"u8, "none"u8);
                break;
            case ToolChoiceKind.Required:
                json.WriteString("tool_choice"u8, "required"u8);
                break;
            case ToolChoiceKind.Named:
                json.WriteStartObject("tool_choice"u8);
                json.WriteString("type"u8, "function"u8);
                json.WriteStartObject("function"u8);
                json.WritePropertyName("name"u8);
                choice.Name.WriteTo(json);
                json.WriteEndObject();
                json.WriteEndObject();
                break;
            default:
                break;
        }
    }
}
