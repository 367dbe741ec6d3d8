using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>Tools and tool_choice in Anthropic's words. https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools</summary>
internal sealed class AnthropicTools
{
    private readonly ChatTurn _turn;
    private readonly AnthropicFormat _format;
    private readonly bool _hasStrict;
    private readonly List<ChatTool> _tools = [];
    private readonly List<JsonText> _stubs = [];

    public AnthropicTools(ChatTurn turn, in AnthropicFormat format, bool hasStrict)
    {
        _turn = turn;
        _format = format;
        _hasStrict = hasStrict;
        foreach (string name in (ReadOnlySpan<string>)["tools", "functions", "tool_choice", "function_call", "parallel_tool_calls"])
        {
            turn.Fields.Take(name);
        }

        ToolChoice choice = turn.Request.ToolChoice;
        foreach (ChatTool tool in turn.Request.Tools)
        {
            // The vendor knows no list of allowed tools: what may not be called is not told of.
            if (choice.Allowed is null || choice.Allowed.Contains(tool.Name.ToString()))
            {
                _tools.Add(tool);
            }
        }

        if (turn.Request.Tools.Count > 0 && _tools.Count == 0)
        {
            throw turn.Refuse("tool_choice", "none of its allowed tools is among the tools.");
        }

        if (_tools.Count == 0 && turn.AnswerTool is null)
        {
            FindStubs();
            if (choice.Kind is ToolChoiceKind.Required or ToolChoiceKind.Named)
            {
                turn.Fields.Drop("tool_choice");
            }
        }
    }

    /// <summary>Whether the model has no choice but to call a tool, which rules thinking out.</summary>
    public bool IsForced => _turn.AnswerTool is not null || (_tools.Count > 0 && _turn.Request.ToolChoice.Kind is ToolChoiceKind.Required or ToolChoiceKind.Named);

    public void WriteTo(Utf8JsonWriter json)
    {
        if (_tools.Count == 0 && _stubs.Count == 0 && _turn.AnswerTool is null)
        {
            return;
        }

        json.WriteStartArray("tools"u8);
        for (int i = 0; i < _tools.Count; i++)
        {
            Write(json, _tools[i], $"tools[{i}]");
        }

        foreach (JsonText name in _stubs)
        {
            json.WriteStartObject();
            json.WritePropertyName("name"u8);
            name.WriteTo(json);
            json.WritePropertyName("input_schema"u8);
            WriteSchema(json, default);
            json.WriteEndObject();
        }

        if (_turn.AnswerTool is not null)
        {
            _format.WriteTool(json, _turn);
        }

        json.WriteEndArray();
        WriteChoice(json);
    }

    /// <summary>A tool's schema must say that it is an object's, and there must be one.</summary>
    public static void WriteSchema(Utf8JsonWriter json, ReadOnlyMemory<byte> schema)
    {
        if (schema.IsEmpty)
        {
            json.WriteRawValue("""{"type":"object","properties":{}}"""u8, skipInputValidation: true);
            return;
        }

        bool hasType = false;
        var members = new JsonWalk(schema);
        while (members.Next())
        {
            hasType |= members.Is("type"u8);
        }

        if (hasType)
        {
            json.WriteRawValue(schema.Span, skipInputValidation: true);
            return;
        }

        json.WriteStartObject();
        json.WriteString("type"u8, "object"u8);
        members = new JsonWalk(schema);
        while (members.Next())
        {
            json.WritePropertyName(members.Name());
            json.WriteRawValue(members.Value.Span, skipInputValidation: true);
        }

        json.WriteEndObject();
    }

    private void Write(Utf8JsonWriter json, ChatTool tool, string path)
    {
        if (tool.NativeType is { } type)
        {
            AnthropicNativeTools.Write(json, _turn, tool, type, path);
            return;
        }

        json.WriteStartObject();
        json.WritePropertyName("name"u8);
        tool.Name.WriteTo(json);
        if (!tool.Description.IsEmpty)
        {
            json.WritePropertyName("description"u8);
            tool.Description.WriteTo(json);
        }

        json.WritePropertyName("input_schema"u8);
        WriteSchema(json, tool.Parameters);
        if (tool.Strict == true)
        {
            WriteStrict(json, tool, path);
        }

        AnthropicParts.WriteMark(json, tool.CacheControl);
        json.WriteEndObject();
    }

    /// <summary>Strictness takes only the schemas that output_config.format takes; one that says more would be refused.</summary>
    private void WriteStrict(Utf8JsonWriter json, ChatTool tool, string path)
    {
        if (_hasStrict && (tool.Parameters.IsEmpty || (AnthropicSchema.Adapt(tool.Parameters, default, out IReadOnlyList<string> lost) is not null && lost.Count == 0)))
        {
            json.WriteBoolean("strict"u8, true);
        }
        else
        {
            _turn.Fields.Drop(path + ".function.strict");
        }
    }

    private void WriteChoice(Utf8JsonWriter json)
    {
        ToolChoice choice = _turn.Request.ToolChoice;
        bool isSingle = _turn.Request.ParallelToolCalls == false;
        bool isAnswerOnly = _turn.AnswerTool is not null && (_tools.Count == 0 || choice.Kind == ToolChoiceKind.None);
        if (_stubs.Count > 0 || (choice.Kind == ToolChoiceKind.None && _turn.AnswerTool is null))
        {
            json.WriteStartObject("tool_choice"u8);
            json.WriteString("type"u8, "none"u8);
            json.WriteEndObject();
            return;
        }

        if (choice.Kind is ToolChoiceKind.Unsaid && !isSingle && _turn.AnswerTool is null)
        {
            return;
        }

        json.WriteStartObject("tool_choice"u8);
        if (isAnswerOnly)
        {
            json.WriteString("type"u8, "tool"u8);
            json.WriteString("name"u8, _turn.AnswerTool);
        }
        else if (choice.Kind == ToolChoiceKind.Named)
        {
            json.WriteString("type"u8, "tool"u8);
            json.WritePropertyName("name"u8);
            choice.Name.WriteTo(json);
        }
        else
        {
            json.WriteString("type"u8, choice.Kind == ToolChoiceKind.Required || _turn.AnswerTool is not null ? "any"u8 : "auto"u8);
        }

        if (isSingle || isAnswerOnly)
        {
            json.WriteBoolean("disable_parallel_tool_use"u8, true);
        }

        json.WriteEndObject();
    }

    /// <summary>A conversation that has called tools must name tools, also when no more calls are wanted.</summary>
    private void FindStubs()
    {
        foreach (ChatMessage message in _turn.Request.Messages)
        {
            foreach (ToolCall call in message.ToolCalls)
            {
                if (!_stubs.Exists(stub => stub.Escaped.SequenceEqual(call.Name.Escaped)))
                {
                    _stubs.Add(call.Name);
                }
            }
        }
    }
}
