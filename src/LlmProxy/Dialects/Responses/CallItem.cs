using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Dialects.Responses;

/// <summary>One call of a function, or of a custom tool: then the function's only argument is the tool's input.</summary>
internal sealed class CallItem(string answer, int index, bool isCustom, byte[] callId, byte[] name) : OutputItem(isCustom ? "ctc" : "fc", answer, index)
{
    private JsonText _input;

    public bool IsCustom { get; } = isCustom;

    /// <summary>A JSON string.</summary>
    public byte[] Name { get; } = name;

    public OutputText Arguments { get; } = new();

    /// <summary>How each piece of the arguments begins in a stream.</summary>
    public byte[] DeltaHead { get; set; } = [];

    /// <summary>The arguments are whole: a custom tool's input is taken out of them.</summary>
    public void ReadInput()
    {
        if (IsCustom)
        {
            _input = CustomTools.InputIn(new JsonText(Arguments.Close().ToArray()));
        }
    }

    public void WriteInput(Utf8JsonWriter json, ReadOnlySpan<byte> member)
    {
        json.WritePropertyName(member);
        json.WriteRawValue(_input.IsMissing ? "\"\""u8 : _input.Token.Span, skipInputValidation: true);
    }

    protected override void WriteMembers(Utf8JsonWriter json, bool isNew, string status)
    {
        json.WriteString("type"u8, IsCustom ? "custom_tool_call"u8 : "function_call"u8);
        json.WriteString("status"u8, status);
        json.WritePropertyName("call_id"u8);
        json.WriteRawValue(callId, skipInputValidation: true);
        json.WritePropertyName("name"u8);
        json.WriteRawValue(Name, skipInputValidation: true);
        if (IsCustom)
        {
            WriteInput(json, "input"u8);
        }
        else if (isNew)
        {
            json.WriteString("arguments"u8, ""u8);
        }
        else
        {
            Arguments.WriteTo(json, "arguments"u8);
        }
    }
}
