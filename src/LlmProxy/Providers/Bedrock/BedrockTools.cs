using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Providers.Anthropic;

namespace LlmProxy.Providers.Bedrock;

/// <summary>toolConfig. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html</summary>
internal sealed class BedrockTools
{
    private readonly ChatTurn _turn;
    private readonly BedrockModel _model;
    private readonly BedrockFormat _format;
    private readonly List<ChatTool> _tools = [];
    private readonly List<JsonText> _stubs = [];

    public BedrockTools(ChatTurn turn, BedrockModel model, in BedrockFormat format)
    {
        _turn = turn;
        _model = model;
        _format = format;
        foreach (string name in (ReadOnlySpan<string>)["tools", "functions", "tool_choice", "function_call"])
        {
            turn.Fields.Take(name);
        }

        if (turn.Request.ParallelToolCalls == true || turn.Request.Tools.Count == 0)
        {
            turn.Fields.Take("parallel_tool_calls"); // Converse cannot forbid them; what forbids them is named as dropped.
        }

        ToolChoice choice = turn.Request.ToolChoice;
        for (int i = 0; i < turn.Request.Tools.Count; i++)
        {
            ChatTool tool = turn.Request.Tools[i];
            if (tool.NativeType is not null)
            {
                turn.Fields.Drop($"tools[{i}]");
            }
            else if (choice.Allowed is null || choice.Allowed.Contains(tool.Name.ToString()))
            {
                _tools.Add(tool);
            }
        }

        Choose(choice);
    }

    /// <summary>Whether the model has no choice but to call a tool, which rules thinking out.</summary>
    public bool IsForced => _turn.AnswerTool is not null || (_tools.Count > 0 && _turn.Request.ToolChoice.Kind is ToolChoiceKind.Required or ToolChoiceKind.Named);

    public void WriteTo(Utf8JsonWriter json)
    {
        if (_tools.Count == 0 && _stubs.Count == 0 && _turn.AnswerTool is null)
        {
            return;
        }

        json.WriteStartObject("toolConfig"u8);
        json.WriteStartArray("tools"u8);
        foreach (ChatTool tool in _tools)
        {
            Write(json, tool);
        }

        foreach (JsonText name in _stubs)
        {
            Begin(json, name, default);
            AnthropicTools.WriteSchema(json, default);
            End(json, isStrict: false);
        }

        if (_turn.AnswerTool is not null)
        {
            _format.WriteTool(json, _turn);
        }

        json.WriteEndArray();
        WriteChoice(json);
        json.WriteEndObject();
    }

    public static void Begin(Utf8JsonWriter json, JsonText name, JsonText description)
    {
        json.WriteStartObject();
        json.WriteStartObject("toolSpec"u8);
        json.WritePropertyName("name"u8);
        name.WriteTo(json);
        if (!description.IsEmpty)
        {
            json.WritePropertyName("description"u8);
            description.WriteTo(json);
        }

        json.WriteStartObject("inputSchema"u8);
        json.WritePropertyName("json"u8);
    }

    public static void End(Utf8JsonWriter json, bool isStrict)
    {
        json.WriteEndObject();
        if (isStrict)
        {
            json.WriteBoolean("strict"u8, true);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void Choose(ToolChoice choice)
    {
        if (_turn.Request.Tools.Count > 0 && _tools.Count == 0 && choice.Allowed is not null)
        {
            throw _turn.Refuse("tool_choice", "none of its allowed tools is among the tools.");
        }

        if (choice.Kind == ToolChoiceKind.Named && _turn.Request.Tools.Count > 0 && !_tools.Exists(tool => tool.Name.Escaped.SequenceEqual(choice.Name.Escaped)))
        {
            throw _turn.Refuse("tool_choice", "it names a tool that this vendor cannot be given.");
        }

        bool hasHistory = _turn.Request.Messages.Exists(message => message.ToolCalls.Count > 0 || message.Role == ChatRole.Tool);
        if (choice.Kind == ToolChoiceKind.None && _tools.Count > 0)
        {
            // There is no word for "none". Without tools none is called, but a conversation that has called some must name them.
            if (hasHistory)
            {
                _turn.Fields.Drop("tool_choice");
            }
            else
            {
                _tools.Clear();
            }
        }

        if (_tools.Count == 0)
        {
            FindStubs();
        }

        if (choice.Kind is ToolChoiceKind.Required or ToolChoiceKind.Named && (_tools.Count == 0 || !_model.CanForceTools))
        {
            _turn.Fields.Drop("tool_choice");
        }
    }

    private void Write(Utf8JsonWriter json, ChatTool tool)
    {
        Begin(json, tool.Name, tool.Description);
        AnthropicTools.WriteSchema(json, tool.Parameters);
        End(json, isStrict: tool.Strict == true && MayBeStrict(tool));
        if (tool.CacheControl.IsEmpty)
        {
            return;
        }

        if (_model.HasToolCachePoints)
        {
            BedrockParts.WriteCachePoint(json, _model, tool.CacheControl);
        }
        else
        {
            _turn.Fields.Drop("tools[].cache_control");
        }
    }

    /// <summary>Strictness takes only the schemas that outputConfig takes; one that says more would be refused.</summary>
    private bool MayBeStrict(ChatTool tool)
    {
        bool may = _model.HasSchemas
            && (tool.Parameters.IsEmpty || (AnthropicSchema.Adapt(tool.Parameters, default, out IReadOnlyList<string> lost) is not null && lost.Count == 0));
        if (!may)
        {
            _turn.Fields.Drop("tools[].function.strict");
        }

        return may;
    }

    private void WriteChoice(Utf8JsonWriter json)
    {
        ToolChoice choice = _turn.Request.ToolChoice;
        if (_turn.AnswerTool is { } answer)
        {
            // With tools beside it the model may call one of them first.
            bool isOnly = _tools.Count == 0 || choice.Kind == ToolChoiceKind.None;
            WriteChoice(json, isOnly ? "tool"u8 : "any"u8, isOnly ? JsonText.Of(answer) : default);
        }
        else if (_tools.Count == 0 || !_model.CanForceTools)
        {
            return;
        }
        else if (choice.Kind == ToolChoiceKind.Named)
        {
            WriteChoice(json, "tool"u8, choice.Name);
        }
        else if (choice.Kind is ToolChoiceKind.Required or ToolChoiceKind.Auto)
        {
            WriteChoice(json, choice.Kind == ToolChoiceKind.Required ? "any"u8 : "auto"u8, default);
        }
    }

    private static void WriteChoice(Utf8JsonWriter json, ReadOnlySpan<byte> kind, JsonText name)
    {
        json.WriteStartObject("toolChoice"u8);
        json.WriteStartObject(kind);
        if (!name.IsMissing)
        {
            json.WritePropertyName("name"u8);
            name.WriteTo(json);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

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
