using System.Buffers;
using System.IO.Pipelines;
using LlmProxy.Limits;
using LlmProxy.Wire;

namespace LlmProxy.Pipeline;

/// <summary>A request's bytes in one pooled buffer, counted against the gateway's memory until they are let go.</summary>
internal sealed class RequestBody(BufferBudget budget) : IByteOwner, IDisposable
{
    private const int FirstSize = 16 * 1024;
    private const int TrustedSize = 1024 * 1024;

    private byte[]? _buffer;
    private int _length;
    private long _taken;
    private HoldCount _holders = new();
    private int _disposed;
    private RequestBody? _whole;

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(0, _length);

    /// <summary>Reads to the end. A value says why the body was not taken; the connection's own failures are thrown.</summary>
    public async ValueTask<GatewayError?> ReadAsync(HttpRequest request, int maxBytes, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        if (request.ContentLength > maxBytes)
        {
            return TooLarge(maxBytes);
        }

        // The length a client announces is trusted up to a point only: memory follows what really arrives.
        int expected = (int)Math.Min(request.ContentLength ?? FirstSize, TrustedSize);
        if (!Grow(Math.Max(expected, 1)))
        {
            return BufferBudget.Full();
        }

        PipeReader reader = request.BodyReader;
        CancellationTokenSource? patienceSource = null;
        CancellationTokenRegistration gone = default;
        try
        {
            while (true)
            {
                if (!reader.TryRead(out ReadResult read))
                {
                    if (patienceSource is null)
                    {
                        patienceSource = new CancellationTokenSource(patience, time);
                        gone = cancellation.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), patienceSource);
                    }

                    read = await reader.ReadAsync(patienceSource.Token);
                }

                GatewayError? refusal = Take(read.Buffer, maxBytes);
                reader.AdvanceTo(read.Buffer.End);
                if (refusal is not null)
                {
                    return refusal;
                }

                if (read.IsCompleted)
                {
                    SkipByteOrderMark();
                    return null;
                }
            }
        }
        catch (OperationCanceledException) when (patienceSource is { IsCancellationRequested: true } && !cancellation.IsCancellationRequested)
        {
            return new GatewayError(ErrorCode.RequestTimeout, $"The request body did not arrive within {patience.TotalSeconds:0} seconds.");
        }
        finally
        {
            await gone.DisposeAsync(); // Before its source: the client may leave long after its body is here.
            patienceSource?.Dispose();
        }
    }

    /// <summary>The same bytes without some of them, in a body of its own; null while there is no memory.</summary>
    public RequestBody? Without(IReadOnlyList<(int Start, int End)> gaps)
    {
        var shorter = new RequestBody(budget);
        if (!shorter.Grow(Math.Max(_length, 1)))
        {
            return null;
        }

        int from = 0;
        foreach ((int start, int end) in gaps)
        {
            shorter.Append(Span[from..start]);
            from = end;
        }

        shorter.Append(Span[from..]);
        return shorter;
    }

    /// <summary>Other bytes in a body of their own, to stand in this one's place; null while there is no memory.</summary>
    public RequestBody? Replacement(ReadOnlySpan<byte> bytes)
    {
        var other = new RequestBody(budget);
        if (!other.Grow(Math.Max(bytes.Length, 1)))
        {
            return null;
        }

        other.Append(bytes);
        return other;
    }

    /// <summary>The whole one goes when this shorter one goes, and not before: an attempt that is under way may still read it.</summary>
    public void TakeOver(RequestBody whole) => _whole = whole;

    public bool TryHold() => _holders.TryHold();

    public void LetGo()
    {
        if (_holders.LetGo())
        {
            Free();
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            LetGo();
        }
    }

    private void Free()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
            _length = 0;
        }

        budget.Give(_taken);
        _taken = 0;
        _whole?.Dispose();
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    private GatewayError? Take(in ReadOnlySequence<byte> sequence, int maxBytes)
    {
        long total = _length + sequence.Length;
        if (total > maxBytes)
        {
            return TooLarge(maxBytes);
        }

        if (total > _buffer!.Length && !Grow((int)Math.Min(Math.Max(total, (long)_buffer.Length * 2), Math.Max(maxBytes, total))))
        {
            return BufferBudget.Full();
        }

        sequence.CopyTo(_buffer.AsSpan(_length));
        _length = (int)total;
        return null;
    }

    private bool Grow(int size)
    {
        byte[] bigger = ArrayPool<byte>.Shared.Rent(size);
        long more = bigger.Length - (_buffer?.Length ?? 0);
        if (!budget.TryTake(more))
        {
            ArrayPool<byte>.Shared.Return(bigger);
            return false;
        }

        _taken += more;
        if (_buffer is not null)
        {
            _buffer.AsSpan(0, _length).CopyTo(bigger);
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = bigger;
        return true;
    }

    private void SkipByteOrderMark()
    {
        if (Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            Span[3..].CopyTo(_buffer);
            _length -= 3;
        }
    }

    private static GatewayError TooLarge(int maxBytes) => new(
        ErrorCode.BodyTooLarge,
        $"The request body is larger than this gateway takes ({maxBytes} bytes, LlmProxy:Limits:MaxBodyBytes).");

}
