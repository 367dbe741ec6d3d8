using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Forwarding;
using LlmProxy.Routing;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>
/// Writes an answer as the events of a Messages stream. Blocks are numbered and stand strictly one behind the other: what
/// belongs to a later block is held until the one before it is closed.
/// </summary>
internal sealed class AnthropicStreamSink(ChatTurn turn) : ChatSink
{
    private readonly List<AnthropicBlock> _blocks = [];
    private readonly int _mostHeld = turn.Exchange.Snapshot.Options.Limits.MaxBodyBytes;
    private int _open = -1;
    private bool _hasBegun;
    private bool _hasTools;
    private bool _hasRefused;
    private byte[]? _reason;
    private FinishReason _finish;
    private JsonText _stopSequence;

    public override void GoOn(ChatTurn next) => turn = next;

    protected override void OnFollow(PassedAnswer passed)
    {
        _hasBegun = true;
        for (int i = 0; i < passed.Blocks; i++)
        {
            // The last one holds the text, if it is open; of the others only the number matters.
            _blocks.Add(new AnthropicBlock(BlockKind.Text, i, -1) { IsSealed = i < passed.Blocks - 1 || !passed.IsBlockOpen });
        }

        _open = passed.IsBlockOpen ? passed.Blocks - 1 : -1;
    }

    protected override void OnText(ReadOnlySpan<byte> escaped) => BlockOf(BlockKind.Text).WriteDelta(escaped);

    protected override void OnReasoning(ReadOnlySpan<byte> escaped) => BlockOf(BlockKind.Thinking).WriteDelta(escaped);

    protected override void OnSignature(ReadOnlySpan<byte> escaped, bool isSealed)
    {
        if (isSealed)
        {
            Add(BlockKind.Redacted, -1, "{\"type\":\"redacted_thinking\",\"data\":\""u8, escaped, "\"}"u8);
            return;
        }

        AnthropicBlock block = BlockOf(BlockKind.Thinking);
        block.WriteSignature(escaped);
        block.IsSealed = true;
    }

    /// <summary>Their refusals are text that ends with a stop reason of its own.</summary>
    protected override void OnRefusal(ReadOnlySpan<byte> escaped)
    {
        _hasRefused = true;
        BlockOf(BlockKind.Text).WriteDelta(escaped);
    }

    protected override void OnToolStart(int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> googleSignature)
    {
        _hasTools = true;
        byte[] token = JsonSerializer.SerializeToUtf8Bytes(AnthropicWords.CallId(turn, tool, id, googleSignature), RouteTarget.JsonOptions);
        Add(BlockKind.Tool, tool, (byte[])[.. "{\"type\":\"tool_use\",\"id\":"u8, .. token, .. ",\"name\":\""u8], name, "\",\"input\":{},\"caller\":{\"type\":\"direct\"}}"u8);
    }

    protected override void OnToolArguments(int tool, ReadOnlySpan<byte> escaped)
    {
        foreach (AnthropicBlock block in _blocks)
        {
            if (block.Tool == tool && !block.IsClosed)
            {
                Aim(block);
                block.WriteDelta(escaped);
                Advance();
                return;
            }
        }
    }

    protected override void OnExtra(string name, ReadOnlySpan<byte> json)
    {
        if (AnthropicWords.Citation(name, json) is { } citation)
        {
            BlockOf(BlockKind.Text).WriteCitation(citation);
        }
    }

    protected override void OnLogprobs(ReadOnlySpan<byte> elements)
    {
        // No client of this dialect can ask for them.
    }

    protected override void OnMember(string name, ReadOnlySpan<byte> json)
    {
        // No client of this dialect can ask for one of these, but the gateway says why it ended an answer.
        _reason = name == "llm" ? json.ToArray() : _reason;
    }

    protected override void OnFinish(FinishReason reason, ReadOnlySpan<byte> stopSequence)
    {
        _finish = reason;
        _stopSequence = stopSequence.IsEmpty ? default : new JsonText((byte[])[(byte)'"', .. stopSequence, (byte)'"']);
        EnsureBegun();
        while (_open >= 0)
        {
            CloseOpen();
        }
    }

    protected override void OnEnd()
    {
        EnsureBegun();
        Output.Write("event: message_delta\ndata: "u8);
        using (var json = new Utf8JsonWriter(Output, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "message_delta"u8);
            json.WriteStartObject("delta"u8);
            AnthropicWords.WriteStop(json, AnthropicWords.Of(_finish, _hasTools, !_stopSequence.IsMissing, _hasRefused), _stopSequence);
            json.WriteEndObject();
            AnthropicWords.WriteUsage(json, Usage ?? default);
            if (_reason is not null)
            {
                json.WritePropertyName("llm"u8);
                json.WriteRawValue(_reason);
            }

            json.WriteEndObject();
        }

        Output.Write("\n\nevent: message_stop\ndata: {\"type\":\"message_stop\""u8);
        if (turn.Exchange.Wishes.Metadata == true || turn.GoesOn)
        {
            turn.Facts.Usage = Usage ?? turn.Facts.Usage;
            turn.Facts.SettleCost(turn.Target);
            Output.Write(",\"llm\":"u8);
            AnswerMetadata.Write(Output, turn.Exchange, turn.Target, turn.Facts);
        }

        Output.Write("}\n\n"u8);
    }

    /// <summary>The block that a piece of this kind belongs to: the newest one, or a new one.</summary>
    private AnthropicBlock BlockOf(BlockKind kind)
    {
        if (_blocks.Count > 0 && _blocks[^1] is { IsClosed: false, IsSealed: false } last && last.Kind == kind)
        {
            Aim(last);
            return last;
        }

        return kind == BlockKind.Text
            ? Add(kind, -1, "{\"type\":\"text\",\"text\":\"\"}"u8, default, default)
            : Add(kind, -1, "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}"u8, default, default);
    }

    private AnthropicBlock Add(BlockKind kind, int tool, ReadOnlySpan<byte> start, ReadOnlySpan<byte> middle, ReadOnlySpan<byte> end)
    {
        EnsureBegun();
        var block = new AnthropicBlock(kind, _blocks.Count, tool);
        block.WriteStart(start, middle, end);
        _blocks.Add(block);
        if (_open < 0)
        {
            Open(block);
        }
        else
        {
            Advance();
        }

        return block;
    }

    /// <summary>Closes what is done, as long as something stands behind it.</summary>
    private void Advance()
    {
        while (_open < _blocks.Count - 1 && _blocks[_open].MayClose)
        {
            CloseOpen();
        }
    }

    private void CloseOpen()
    {
        AnthropicBlock block = _blocks[_open];
        block.Output = Output;
        block.WriteStop();
        if (block.Index + 1 < _blocks.Count)
        {
            Open(_blocks[block.Index + 1]);
        }
        else
        {
            _open = -1;
        }
    }

    private void Open(AnthropicBlock block)
    {
        _open = block.Index;
        Output.Write(block.Held.WrittenSpan);
        block.Held.Clear();
        block.Output = Output;
    }

    /// <summary>An open block's events go to the client, another's wait.</summary>
    private void Aim(AnthropicBlock block)
    {
        block.Output = _open == block.Index ? Output : block.Held;
        if (block.Held.WrittenCount > _mostHeld)
        {
            throw new JsonException("What waits for a call's end is longer than any answer may be.");
        }
    }

    private void EnsureBegun()
    {
        if (_hasBegun)
        {
            return;
        }

        _hasBegun = true;
        Output.Write("event: message_start\ndata: "u8);
        using (var json = new Utf8JsonWriter(Output, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "message_start"u8);
            json.WriteStartObject("message"u8);
            json.WriteString("id"u8, AnthropicWords.AnswerId(this, turn));
            json.WriteString("type"u8, "message"u8);
            json.WriteString("role"u8, "assistant"u8);
            json.WriteString("model"u8, ReportedModel ?? turn.Target.Model);
            json.WriteStartArray("content"u8);
            json.WriteEndArray();
            json.WriteNull("stop_reason"u8);
            json.WriteNull("stop_sequence"u8);
            AnthropicWords.WriteUsage(json, Usage ?? default);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        Output.Write("\n\n"u8);
    }
}
