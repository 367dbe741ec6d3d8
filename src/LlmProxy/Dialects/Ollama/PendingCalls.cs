using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Routing;

namespace LlmProxy.Dialects.Ollama;

/// <summary>Tool calls that are being told in pieces, until they can be sent as Ollama sends them: whole.</summary>
internal sealed class PendingCalls(ChatTurn turn)
{
    private readonly List<Call> _calls = [];

    public bool IsEmpty => _calls.Count == 0;

    public void Start(int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> googleSignature)
    {
        Call call = At(tool);
        call.Id.Add(id.IsEmpty ? Encoding.UTF8.GetBytes(ChatWords.CallId(turn, 0, tool)) : id);
        call.Name.Add(name);
        call.Signature.Add(googleSignature);
    }

    public void AddArguments(int tool, ReadOnlySpan<byte> escaped) => At(tool).Arguments.Add(escaped);

    public void Clear() => _calls.Clear();

    /// <summary>As one more member, the comma before it included.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        output.Write(",\"tool_calls\":"u8);
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true });
        json.WriteStartArray();
        for (int i = 0; i < _calls.Count; i++)
        {
            Call call = _calls[i];
            json.WriteStartObject();
            json.WritePropertyName("id"u8);
            call.Id.WriteTo(json);
            json.WriteStartObject("function"u8);
            json.WriteNumber("index"u8, i);
            json.WritePropertyName("name"u8);
            call.Name.WriteTo(json);
            json.WritePropertyName("arguments"u8);
            ToolArguments.WriteObject(json, (byte[])[(byte)'"', .. call.Arguments.Escaped, (byte)'"']);
            json.WriteEndObject();
            if (!call.Signature.IsEmpty)
            {
                json.WritePropertyName("thought_signature"u8);
                call.Signature.WriteTo(json);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private Call At(int tool)
    {
        while (_calls.Count <= tool)
        {
            _calls.Add(new Call());
        }

        return _calls[tool];
    }

    private sealed class Call
    {
        public EscapedText Id { get; } = new();

        public EscapedText Name { get; } = new();

        public EscapedText Arguments { get; } = new();

        public EscapedText Signature { get; } = new();
    }
}
