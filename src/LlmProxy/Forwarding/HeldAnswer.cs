using System.Buffers;
using LlmProxy.Limits;

namespace LlmProxy.Forwarding;

/// <summary>A vendor's whole answer in one pooled buffer, counted against the gateway's memory.</summary>
internal sealed class HeldAnswer(BufferBudget budget) : IDisposable
{
    private const int FirstSize = 8 * 1024;
    private const int TrustedSize = 1024 * 1024;

    private byte[]? _buffer;
    private int _length;
    private long _taken;

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, _length);

    /// <summary>Makes room for an announced length, up to where announcements are believed.</summary>
    public void Expect(int length) => Grow(Math.Clamp(length + 1, 1, TrustedSize));

    public Memory<byte> Room()
    {
        if (_buffer is null)
        {
            Grow(FirstSize);
        }

        return _buffer.AsMemory(_length);
    }

    /// <summary>What stood in the way was the gateway's memory, and not the answer's own size.</summary>
    public bool LacksMemory { get; private set; }

    /// <summary>False when the answer is larger than it may be, or than there is memory for.</summary>
    public bool Advance(int count, int limit)
    {
        _length += count;
        return _length <= limit && (_length < _buffer!.Length || Grow(_buffer.Length * 2));
    }

    public void Dispose()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }

        budget.Give(_taken);
        _taken = 0;
    }

    private bool Grow(int size)
    {
        byte[] bigger = ArrayPool<byte>.Shared.Rent(size);
        long more = bigger.Length - (_buffer?.Length ?? 0);
        if (!budget.TryTake(more))
        {
            if (_buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(bigger);
                LacksMemory = true;
                return false;
            }

            // The very first piece is small and always granted, so that Room never comes up empty.
            more = 0;
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
}
