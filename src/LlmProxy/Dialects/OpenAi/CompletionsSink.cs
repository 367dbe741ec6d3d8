using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Routing;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>
/// Collects an answer and writes it as one text completion. What a model thought and which tools it would call has no place
/// in that: nobody could have offered it tools.
/// </summary>
internal sealed class CompletionsSink(ChatTurn turn) : ChatSink
{
    private readonly byte[] _echo = CompletionsWords.EchoOf(turn);
    private readonly List<ChoiceState> _choices = [];
    private readonly List<KeyValuePair<string, byte[]>> _members = [];

    protected override void OnText(ReadOnlySpan<byte> escaped) => State().Text.Add(escaped);

    protected override void OnRefusal(ReadOnlySpan<byte> escaped) => State().Text.Add(escaped);

    protected override void OnReasoning(ReadOnlySpan<byte> escaped)
    {
    }

    protected override void OnSignature(ReadOnlySpan<byte> escaped, bool isSealed)
    {
    }

    protected override void OnToolStart(int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> googleSignature)
    {
    }

    protected override void OnToolArguments(int tool, ReadOnlySpan<byte> escaped)
    {
    }

    protected override void OnExtra(string name, ReadOnlySpan<byte> json)
    {
    }

    protected override void OnLogprobs(ReadOnlySpan<byte> elements)
    {
        ArrayBufferWriter<byte> logprobs = State().Logprobs;
        if (logprobs.WrittenCount > 0)
        {
            logprobs.Write(","u8);
        }

        logprobs.Write(elements);
    }

    protected override void OnMember(string name, ReadOnlySpan<byte> json) => _members.Add(new(name, json.ToArray()));

    protected override void OnFinish(FinishReason reason, ReadOnlySpan<byte> stopSequence) => State().Finish = reason;

    protected override void OnEnd()
    {
        using var json = new Utf8JsonWriter(Output, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true });
        json.WriteStartObject();
        json.WriteString("id"u8, CompletionsWords.AnswerId(turn));
        json.WriteString("object"u8, "text_completion"u8);
        json.WriteNumber("created"u8, turn.Exchange.Time.GetUtcNow().ToUnixTimeSeconds());
        json.WriteString("model"u8, ReportedModel ?? turn.Target.Model);
        json.WriteStartArray("choices"u8);
        for (int i = 0; i < _choices.Count; i++)
        {
            WriteChoice(json, i, _choices[i]);
        }

        json.WriteEndArray();
        if (Usage is { } usage)
        {
            ChatWords.WriteUsage(json, usage);
        }

        foreach ((string name, byte[] value) in _members)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value, skipInputValidation: true);
        }

        json.WriteEndObject();
    }

    private void WriteChoice(Utf8JsonWriter json, int index, ChoiceState state)
    {
        json.WriteStartObject();
        json.WritePropertyName("text"u8);
        state.Text.WriteTo(json);
        json.WriteNumber("index"u8, index);
        if (state.Logprobs.WrittenCount > 0)
        {
            int offset = new JsonText((byte[])[(byte)'"', .. _echo, (byte)'"']).ToString().Length;
            json.WriteStartObject("logprobs"u8);
            CompletionsWords.WriteLogprobs(json, state.Logprobs.WrittenMemory, ref offset);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("logprobs"u8);
        }

        json.WriteString("finish_reason"u8, CompletionsWords.Of(state.Finish));
        json.WriteEndObject();
    }

    private ChoiceState State()
    {
        while (_choices.Count <= Choice)
        {
            var state = new ChoiceState();
            state.Text.Add(_echo);
            _choices.Add(state);
        }

        return _choices[Choice];
    }

    private sealed class ChoiceState
    {
        public EscapedText Text { get; } = new();

        public ArrayBufferWriter<byte> Logprobs { get; } = new();

        public FinishReason Finish { get; set; }
    }
}
