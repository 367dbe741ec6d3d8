using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Forwarding;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>Writes an answer as chunks of a text completion; what has no place there is left out as in <see cref="CompletionsSink"/>.</summary>
internal sealed class CompletionsChunkSink(ChatTurn turn) : ChatSink
{
    private static readonly JsonWriterOptions Json = new() { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true };

    private readonly bool _wantsUsage = turn.Request.WantsUsage;
    private readonly bool _tellsMetadata = turn.Exchange.Wishes.Metadata == true;
    private readonly List<ChoiceState> _choices = [];
    private readonly List<KeyValuePair<string, byte[]>> _members = [];
    private readonly ArrayBufferWriter<byte> _held = new();
    private byte[] _echo = CompletionsWords.EchoOf(turn);
    private string _id = CompletionsWords.AnswerId(turn);
    private long _created = turn.Exchange.Time.GetUtcNow().ToUnixTimeSeconds();
    private byte[] _head = [];

    protected override void OnFollow(PassedAnswer passed)
    {
        _echo = [];
        _id = AnswerId.Length > 0 ? AnswerId : _id;
        _created = passed.Created ?? _created;
    }

    protected override void OnText(ReadOnlySpan<byte> escaped)
    {
        State(); // Before the first piece there may be an echo.
        WriteChunk(escaped, default);
    }

    protected override void OnRefusal(ReadOnlySpan<byte> escaped) => OnText(escaped);

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

    protected override void OnLogprobs(ReadOnlySpan<byte> elements) => State().Logprobs = ToLine(elements);

    protected override void OnMember(string name, ReadOnlySpan<byte> json)
    {
        _members.Add(new(name, ToLine(json)));
        _head = [];
    }

    protected override void OnFinish(FinishReason reason, ReadOnlySpan<byte> stopSequence)
    {
        State();
        WriteChunk(default, CompletionsWords.Of(reason));
    }

    protected override void OnEnd()
    {
        if (_wantsUsage && Usage is { } usage)
        {
            Release(default);
            _held.Write(Head());
            _held.Write("],"u8);
            using (var json = new Utf8JsonWriter(_held, Json))
            {
                ChatWords.WriteUsage(json, usage);
            }

            _held.Write("}\n\n"u8);
        }

        if (_tellsMetadata)
        {
            turn.Facts.Usage = Usage ?? turn.Facts.Usage;
            turn.Facts.SettleCost(turn.Target);
            var llm = new ArrayBufferWriter<byte>();
            llm.Write(",\"llm\":"u8);
            AnswerMetadata.Write(llm, turn.Exchange, turn.Target, turn.Facts);
            if (_held.WrittenCount == 0)
            {
                _held.Write(Head());
                _held.Write("]}\n\n"u8);
            }

            Release(llm.WrittenSpan);
        }

        Release(default);
        Output.Write(SseWriter.Done);
    }

    private void WriteChunk(ReadOnlySpan<byte> escaped, ReadOnlySpan<byte> finish)
    {
        ChoiceState state = State();
        Release(default);
        _held.Write(Head());
        _held.Write("{\"text\":\""u8);
        _held.Write(escaped);
        _held.Write("\",\"index\":"u8);
        Span<byte> digits = _held.GetSpan(11);
        _ = Choice.TryFormat(digits, out int written, default, System.Globalization.CultureInfo.InvariantCulture);
        _held.Advance(written);
        WriteLogprobs(state);
        _held.Write(finish.IsEmpty ? ",\"finish_reason\":null}]"u8 : ",\"finish_reason\":\""u8);
        if (!finish.IsEmpty)
        {
            _held.Write(finish);
            _held.Write("\"}]"u8);
        }

        _held.Write(_wantsUsage ? ",\"usage\":null}\n\n"u8 : "}\n\n"u8);
        if (!_tellsMetadata || finish.IsEmpty)
        {
            Release(default);
        }
    }

    private void WriteLogprobs(ChoiceState state)
    {
        if (state.Logprobs.Length == 0)
        {
            _held.Write(",\"logprobs\":null"u8);
            return;
        }

        int offset = state.Offset;
        _held.Write(",\"logprobs\":"u8);
        using (var json = new Utf8JsonWriter(_held, Json))
        {
            json.WriteStartObject();
            CompletionsWords.WriteLogprobs(json, state.Logprobs, ref offset);
            json.WriteEndObject();
        }

        state.Offset = offset;
        state.Logprobs = [];
    }

    /// <summary>Lets the newest chunk go; with metadata wanted a choice's last one waits for the next, so that the very last can carry it.</summary>
    private void Release(ReadOnlySpan<byte> inserted)
    {
        if (_held.WrittenCount > 0)
        {
            ReadOnlySpan<byte> chunk = _held.WrittenSpan;
            Output.Write(chunk[..^3]);
            Output.Write(inserted);
            Output.Write(chunk[^3..]);
            _held.ResetWrittenCount();
        }
    }

    /// <summary>How every chunk begins, up to its choices.</summary>
    private byte[] Head()
    {
        if (_head.Length > 0)
        {
            return _head;
        }

        var head = new ArrayBufferWriter<byte>();
        head.Write("data: "u8);
        using (var json = new Utf8JsonWriter(head, Json))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, _id);
            json.WriteString("object"u8, "text_completion"u8);
            json.WriteNumber("created"u8, _created);
            json.WriteString("model"u8, ReportedModel ?? turn.Target.Model);
            foreach ((string name, byte[] value) in _members)
            {
                json.WritePropertyName(name);
                json.WriteRawValue(value, skipInputValidation: true);
            }

            json.WriteStartArray("choices"u8);
        }

        return _head = head.WrittenSpan.ToArray();
    }

    private ChoiceState State()
    {
        while (_choices.Count <= Choice)
        {
            _choices.Add(new ChoiceState { Offset = new JsonText((byte[])[(byte)'"', .. _echo, (byte)'"']).ToString().Length });
        }

        ChoiceState state = _choices[Choice];
        if (_echo.Length > 0 && !state.HasEchoed)
        {
            state.HasEchoed = true;
            WriteChunk(_echo, default);
        }

        return state;
    }

    private static byte[] ToLine(ReadOnlySpan<byte> json)
    {
        byte[] line = json.ToArray();
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        return line;
    }

    private sealed class ChoiceState
    {
        public bool HasEchoed { get; set; }

        public int Offset { get; set; }

        public byte[] Logprobs { get; set; } = [];
    }
}
