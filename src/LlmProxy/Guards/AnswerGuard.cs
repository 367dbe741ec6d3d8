using System.Buffers;
using System.IO.Pipelines;
using LlmProxy.Dialects;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Guards;

/// <summary>
/// Stands between an answer and the client of a guarded call: puts masked values back, and holds the answer where the
/// webhook is to see it first. Everything behind it (other LLMs, continuations, the cache's key) knows the masked call only.
/// </summary>
internal sealed class AnswerGuard : PipeWriter, IDisposable
{
    private readonly Exchange _exchange;
    private readonly Restorer? _restorer;
    private readonly Func<ReadOnlyMemory<byte>, ValueTask<GatewayError?>>? _check;
    private readonly PooledWriter _in = new();
    private readonly HeldAnswer? _held;
    private readonly bool _textIsJson;
    private StreamRestorer? _stream;
    private bool _isFull;

    /// <param name="exchange">The call.</param>
    /// <param name="names">What was masked; null: nothing was.</param>
    /// <param name="check">Sees the whole answer before the client does; null: nobody.</param>
    public AnswerGuard(Exchange exchange, Placeholders? names, Func<ReadOnlyMemory<byte>, ValueTask<GatewayError?>>? check)
    {
        _exchange = exchange;
        _restorer = names is null ? null : new Restorer(names);
        _check = check;
        _held = check is null ? null : new HeldAnswer(exchange.Budget);
        _textIsJson = exchange.Peek is { } peek && RequestShape.WantsJson(peek, exchange.Body!.Span);
    }

    /// <summary>The webhook has not seen the answer yet.</summary>
    public bool IsHolding => _check is not null && !IsOver;

    /// <summary>Nothing more is held back.</summary>
    public bool IsOver { get; private set; }

    private PipeWriter Client => _exchange.Http.Response.BodyWriter;

    /// <summary>A whole answer, before its first byte goes out. An error: it must not go out.</summary>
    public async ValueTask<GatewayError?> CheckAsync(ReadOnlyMemory<byte> answer)
    {
        GatewayError? refusal = _check is null ? null : await _check(answer);
        IsOver = true;
        return refusal;
    }

    /// <summary>The answer with its values.</summary>
    public ReadOnlyMemory<byte> Restore(ReadOnlyMemory<byte> answer)
    {
        if (_restorer is null)
        {
            return answer;
        }

        _in.Clear();
        if (_exchange.IsStream)
        {
            using StreamRestorer stream = OpenStream();
            stream.Take(answer.Span, ended: true, _in);
            return _in.WrittenMemory;
        }

        return _restorer.Restore(answer.Span, _in) ? _in.WrittenMemory : answer;
    }

    /// <summary>No more is written. An error says why what is held must not go out.</summary>
    public async ValueTask<GatewayError?> JudgeAsync()
    {
        GatewayError? refusal = _held is null || IsOver ? null
            : _isFull ? Limits.BufferBudget.Full()
            : _held.Written.IsEmpty ? null
            : await _check!(_held.Written);
        IsOver = true;
        return refusal;
    }

    /// <summary>What was held back goes out.</summary>
    public async ValueTask ReleaseAsync()
    {
        Forward(_held is null ? _in.Written : _held.Written.Span, ended: true);
        await Client.FlushAsync(CancellationToken.None);
    }

    /// <summary>The answer has failed: what is held is dropped, what was begun is told to its end.</summary>
    public void Break()
    {
        if (!IsOver && _held is null)
        {
            Forward(_in.Written, ended: true);
        }

        IsOver = true;
    }

    public override void Advance(int bytes) => _in.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => _in.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _in.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_held is not null)
        {
            Hold();
            return ValueTask.FromResult(new FlushResult(isCanceled: false, isCompleted: false));
        }

        int read = Forward(_in.Written, ended: false);
        byte[] rest = read == _in.Length ? [] : _in.Written[read..].ToArray();
        _in.Clear();
        _in.Write(rest);
        return Client.FlushAsync(cancellationToken);
    }

    public override void CancelPendingFlush() => Client.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
    }

    public void Dispose()
    {
        _in.Dispose();
        _held?.Dispose();
        _stream?.Dispose();
    }

    private int Forward(ReadOnlySpan<byte> bytes, bool ended)
    {
        if (_restorer is null)
        {
            Client.Write(bytes);
            return bytes.Length;
        }

        _stream ??= OpenStream();
        return _stream.Take(bytes, ended, Client);
    }

    private StreamRestorer OpenStream()
    {
        ClientDialect dialect = _exchange.Endpoint.Dialect;
        return new StreamRestorer(_restorer!, dialect.StreamType == "text/event-stream" ? new SseFramer() : new LineFramer(), _textIsJson);
    }

    private void Hold()
    {
        ReadOnlySpan<byte> bytes = _in.Written;
        while (!bytes.IsEmpty && !_isFull)
        {
            Span<byte> room = _held!.Room().Span;
            int count = Math.Min(room.Length, bytes.Length);
            bytes[..count].CopyTo(room);
            bytes = bytes[count..];
            _isFull = !_held.Advance(count, _exchange.Snapshot.Options.Limits.MaxBodyBytes);
        }

        _in.Clear();
    }
}
