using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Forwarding;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>Writes an answer as chat completion chunks.</summary>
internal sealed class ChatChunkSink(ChatTurn turn) : ChatSink
{
    private readonly byte[] _tail = turn.Request.WantsUsage ? "}],\"usage\":null}\n\n"u8.ToArray() : "}]}\n\n"u8.ToArray();
    private readonly List<ChoiceState> _choices = [];
    private readonly bool _knowsFunctionsOnly = ChatWords.KnowsFunctionsOnly(turn);
    private bool _tellsMetadata = turn.Exchange.Wishes.Metadata == true;
    private bool _hasRoles;
    private long? _created;
    private ArrayBufferWriter<byte>? _held;
    private byte[]? _head;
    private byte[] _members = [];

    public override void GoOn(ChatTurn next)
    {
        turn = next;
        _tellsMetadata = true; // Who went on is always told.
    }

    protected override void OnFollow(PassedAnswer passed)
    {
        _created = passed.Created;
        _hasRoles = true;
    }

    protected override void OnText(ReadOnlySpan<byte> escaped) => WriteDelta("\"content\":\""u8, escaped);

    protected override void OnReasoning(ReadOnlySpan<byte> escaped)
    {
        State().Extras.AddReasoning(escaped);
        WriteDelta("\"reasoning_content\":\""u8, escaped);
    }

    protected override void OnSignature(ReadOnlySpan<byte> escaped, bool isSealed) => State().Extras.AddSignature(escaped, isSealed);

    protected override void OnRefusal(ReadOnlySpan<byte> escaped) => WriteDelta("\"refusal\":\""u8, escaped);

    protected override void OnToolStart(int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> googleSignature)
    {
        if (_knowsFunctionsOnly)
        {
            WriteFunction(tool, "\"name\":\""u8, name, "\",\"arguments\":\"\"}"u8);
            return;
        }

        IBufferWriter<byte> output = BeginChunk();
        output.Write("\"tool_calls\":[{\"index\":"u8);
        WriteNumber(output, tool);
        output.Write(",\"id\":\""u8);
        output.Write(id.IsEmpty ? Encoding.UTF8.GetBytes(ChatWords.CallId(turn, Choice, tool)) : id);
        output.Write("\",\"type\":\"function\",\"function\":{\"name\":\""u8);
        output.Write(name);
        output.Write("\",\"arguments\":\"\"}"u8);
        if (!googleSignature.IsEmpty)
        {
            output.Write(",\"extra_content\":{\"google\":{\"thought_signature\":\""u8);
            output.Write(googleSignature);
            output.Write("\"}}"u8);
        }

        output.Write("}]"u8);
        EndChunk(output, default);
    }

    protected override void OnToolArguments(int tool, ReadOnlySpan<byte> escaped)
    {
        if (_knowsFunctionsOnly)
        {
            WriteFunction(tool, "\"arguments\":\""u8, escaped, "\"}"u8);
            return;
        }

        IBufferWriter<byte> output = BeginChunk();
        output.Write("\"tool_calls\":[{\"index\":"u8);
        WriteNumber(output, tool);
        output.Write(",\"function\":{\"arguments\":\""u8);
        output.Write(escaped);
        output.Write("\"}}]"u8);
        EndChunk(output, default);
    }

    protected override void OnExtra(string name, ReadOnlySpan<byte> json) => State().Extras.Add(name, json);

    protected override void OnLogprobs(ReadOnlySpan<byte> elements) => State().Logprobs = elements.ToArray();

    protected override void OnMember(string name, ReadOnlySpan<byte> json)
    {
        _members = [.. _members, .. Encoding.UTF8.GetBytes($",\"{name}\":"), .. json];
        _head = null;
        _choices.ForEach(choice => choice.Prefix = null);
    }

    protected override void OnFinish(FinishReason reason, ReadOnlySpan<byte> stopSequence)
    {
        ChoiceState state = State();
        if (!state.Extras.IsEmpty)
        {
            IBufferWriter<byte> extras = BeginChunk();
            state.Extras.WriteTo(extras);
            EndChunk(extras, default);
        }

        IBufferWriter<byte> output = BeginChunk(isLast: true);
        EndChunk(output, _knowsFunctionsOnly && reason == FinishReason.ToolCalls ? "function_call"u8 : ChatWords.Of(reason));
    }

    protected override void OnEnd()
    {
        if (turn.Request.WantsUsage && Usage is { } usage)
        {
            ReleaseHeld(default);
            IBufferWriter<byte> output = Last();
            output.Write(Head());
            output.Write("\"choices\":[],"u8);
            using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true }))
            {
                ChatWords.WriteUsage(json, usage);
            }

            output.Write("}\n\n"u8);
        }

        if (_tellsMetadata)
        {
            turn.Facts.Usage = Usage ?? turn.Facts.Usage;
            turn.Facts.SettleCost(turn.Target);
            var llm = new ArrayBufferWriter<byte>();
            llm.Write(",\"llm\":"u8);
            AnswerMetadata.Write(llm, turn.Exchange, turn.Target, turn.Facts);
            if (_held is not { WrittenCount: > 0 })
            {
                // The client has the finish already, or there was none.
                Last().Write(Head());
                Last().Write("\"choices\":[]}\n\n"u8);
            }

            ReleaseHeld(llm.WrittenSpan);
        }

        Output.Write(SseWriter.Done);
    }

    private void WriteFunction(int tool, ReadOnlySpan<byte> member, ReadOnlySpan<byte> escaped, ReadOnlySpan<byte> end)
    {
        if (tool > 0)
        {
            return;
        }

        IBufferWriter<byte> output = BeginChunk();
        output.Write("\"function_call\":{"u8);
        output.Write(member);
        output.Write(escaped);
        output.Write(end);
        EndChunk(output, default);
    }

    private void WriteDelta(ReadOnlySpan<byte> name, ReadOnlySpan<byte> escaped)
    {
        IBufferWriter<byte> output = BeginChunk(isText: name[1] == 'c');
        output.Write(name);
        output.Write(escaped);
        output.Write("\""u8);
        EndChunk(output, default);
    }

    /// <summary>Up to where the delta's own members stand. The first chunk of a choice says who speaks.</summary>
    private IBufferWriter<byte> BeginChunk(bool isText = false, bool isLast = false)
    {
        ReleaseHeld(default);
        ChoiceState state = State();
        IBufferWriter<byte> output = isLast ? Last() : Output;
        output.Write(state.Prefix ??= Prefix(Choice));
        if (!state.HasRole)
        {
            state.HasRole = true;
            output.Write(isText ? "\"role\":\"assistant\","u8 : isLast ? "\"role\":\"assistant\",\"content\":\"\""u8 : "\"role\":\"assistant\",\"content\":null,"u8);
        }

        return output;
    }

    private void EndChunk(IBufferWriter<byte> output, ReadOnlySpan<byte> finish)
    {
        ChoiceState state = State();
        output.Write("}"u8);
        if (state.Logprobs.Length > 0)
        {
            output.Write(",\"logprobs\":{\"content\":["u8);
            output.Write(state.Logprobs);
            output.Write("],\"refusal\":null}"u8);
            state.Logprobs = [];
        }

        if (finish.IsEmpty)
        {
            output.Write(",\"finish_reason\":null"u8);
        }
        else
        {
            output.Write(",\"finish_reason\":\""u8);
            output.Write(finish);
            output.Write("\""u8);
        }

        output.Write(_tail);
    }

    private ChoiceState State()
    {
        while (_choices.Count <= Choice)
        {
            _choices.Add(new ChoiceState { HasRole = _hasRoles });
        }

        return _choices[Choice];
    }

    /// <summary>Where a choice's last chunk goes: with metadata wanted it is held back until another follows, so that the very last can carry it.</summary>
    private IBufferWriter<byte> Last() => _tellsMetadata ? _held ??= new ArrayBufferWriter<byte>() : Output;

    private void ReleaseHeld(ReadOnlySpan<byte> inserted)
    {
        if (_held is null || _held.WrittenCount == 0)
        {
            return;
        }

        ReadOnlySpan<byte> chunk = _held.WrittenSpan;
        Output.Write(chunk[..^3]);
        Output.Write(inserted);
        Output.Write(chunk[^3..]);
        _held.ResetWrittenCount();
    }

    private byte[] Head()
    {
        if (_head is null)
        {
            string id = JsonEncodedText.Encode(ChatWords.AnswerId(this, turn), RouteTarget.JsonOptions.Encoder).ToString();
            string model = JsonEncodedText.Encode(ReportedModel ?? turn.Target.Model, RouteTarget.JsonOptions.Encoder).ToString();
            long created = _created ??= turn.Exchange.Time.GetUtcNow().ToUnixTimeSeconds();
            _head = [.. Encoding.UTF8.GetBytes($"data: {{\"id\":\"{id}\",\"object\":\"chat.completion.chunk\",\"created\":{created},\"model\":\"{model}\""), .. _members, (byte)','];
        }

        return _head;
    }

    private byte[] Prefix(int choice) => [.. Head(), .. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\"choices\":[{{\"index\":{choice},\"delta\":{{"))];

    private static void WriteNumber(IBufferWriter<byte> output, int number)
    {
        Span<byte> digits = output.GetSpan(11);
        _ = number.TryFormat(digits, out int written, default, CultureInfo.InvariantCulture);
        output.Advance(written);
    }

    private sealed class ChoiceState
    {
        public MessageExtras Extras { get; } = new();

        public byte[]? Prefix { get; set; }

        public bool HasRole { get; set; }

        public byte[] Logprobs { get; set; } = [];
    }
}
