using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Routing;

namespace LlmProxy.Dialects.Ollama;

/// <summary>One line of an answer, piece by piece: a message in /api/chat, the same members without one in /api/generate.</summary>
internal sealed class OllamaLineWriter(ChatTurn turn, bool isGenerate)
{
    private readonly long _begunAt = turn.Exchange.Time.GetTimestamp();
    private byte[] _head = Head(turn.Exchange.RequestedModel ?? turn.Target.Model);
    private IBufferWriter<byte> _output = null!;
    private long _firstPieceAt;

    /// <summary>The lines before these were the vendor's own, and named this model.</summary>
    public void Follow(string? model)
    {
        _head = model is null ? _head : Head(model);
        _firstPieceAt = turn.Exchange.FirstOutputAt;
    }

    public void Begin(IBufferWriter<byte> output)
    {
        _output = output;
        output.Write(_head);
        Span<byte> time = output.GetSpan(40);
        _ = turn.Exchange.Time.GetUtcNow().UtcDateTime.TryFormat(time, out int length, "O", CultureInfo.InvariantCulture);
        output.Advance(length);
        output.Write(isGenerate ? "\","u8 : "\",\"message\":{\"role\":\"assistant\","u8);
    }

    /// <summary>Comes first in every line: clients take it for granted.</summary>
    public void Text(ReadOnlySpan<byte> escaped)
    {
        _output.Write(isGenerate ? "\"response\":\""u8 : "\"content\":\""u8);
        _output.Write(escaped);
        _output.Write("\""u8);
    }

    public void Thinking(ReadOnlySpan<byte> escaped)
    {
        _output.Write(",\"thinking\":\""u8);
        _output.Write(escaped);
        _output.Write("\""u8);
    }

    public void EndMessage() => _output.Write(isGenerate ? default : "}"u8);

    public void EndPiece()
    {
        _firstPieceAt = _firstPieceAt == 0 ? turn.Exchange.Time.GetTimestamp() : _firstPieceAt;
        _output.Write(",\"done\":false}\n"u8);
    }

    /// <summary>How it ended, and the figures that clients make tokens per second of: our own measurements, in nanoseconds.</summary>
    public void Figures(FinishReason? finish, TokenUsage? usage)
    {
        TimeProvider time = turn.Exchange.Time;
        long now = time.GetTimestamp();
        long firstAt = _firstPieceAt == 0 ? _begunAt : _firstPieceAt;
        _output.Write(",\"done\":true,\"done_reason\":\""u8);
        _output.Write(finish switch
        {
            FinishReason.Length => "length"u8,
            FinishReason.ContentFilter or FinishReason.Refusal => "content_filter"u8,
            null => "load"u8,
            _ => "stop"u8,
        });
        _output.Write("\""u8);
        long total = Nanoseconds(time.GetElapsedTime(turn.Exchange.StartedAt, now));
        long prompt = Nanoseconds(time.GetElapsedTime(turn.Exchange.StartedAt, firstAt));
        Number(",\"total_duration\":"u8, total);
        Number(",\"load_duration\":"u8, 0);
        if (usage is { } used)
        {
            Number(",\"prompt_eval_count\":"u8, used.Input);
            Number(",\"prompt_eval_duration\":"u8, prompt);
            Number(",\"eval_count\":"u8, used.Output);
            Number(",\"eval_duration\":"u8, _firstPieceAt == 0 ? total : Nanoseconds(time.GetElapsedTime(firstAt, now)));
        }
    }

    private static byte[] Head(string model) =>
        Encoding.UTF8.GetBytes($"{{\"model\":\"{JsonEncodedText.Encode(model, RouteTarget.JsonOptions.Encoder)}\",\"created_at\":\"");

    /// <summary>At least one: clients divide by it.</summary>
    private static long Nanoseconds(TimeSpan elapsed) => Math.Max(1, elapsed.Ticks * 100);

    private void Number(ReadOnlySpan<byte> name, long number)
    {
        _output.Write(name);
        Span<byte> digits = _output.GetSpan(20);
        _ = number.TryFormat(digits, out int length, default, CultureInfo.InvariantCulture);
        _output.Advance(length);
    }
}
