using System.Buffers;

namespace LlmProxy.Tokens;

/// <summary>Pairs by rank, then by place: the next to be merged comes first. What it rents it gives back when disposed.</summary>
internal struct PairHeap(int expected) : IDisposable
{
    private const int Children = 4;

    private ulong[] _pairs = ArrayPool<ulong>.Shared.Rent(expected);
    private int _count;

    /// <summary>Adds without order; <see cref="Order"/> must follow.</summary>
    public void Append(int rank, int place)
    {
        if (_count == _pairs.Length)
        {
            Grow();
        }

        _pairs[_count++] = Key(rank, place);
    }

    public readonly void Order()
    {
        for (int i = (_count - 2) / Children; i >= 0 && _count > 1; i--)
        {
            Sink(i, _pairs[i]);
        }
    }

    public void Add(int rank, int place)
    {
        Append(rank, place);
        ulong pair = _pairs[_count - 1];
        int at = _count - 1;
        while (at > 0 && _pairs[(at - 1) / Children] is var parent && parent > pair)
        {
            _pairs[at] = parent;
            at = (at - 1) / Children;
        }

        _pairs[at] = pair;
    }

    public bool TryTake(out int rank, out int place)
    {
        if (_count == 0)
        {
            rank = place = 0;
            return false;
        }

        ulong first = _pairs[0];
        rank = (int)(first >> 32);
        place = (int)(uint)first;
        ulong last = _pairs[--_count];
        if (_count > 0)
        {
            Sink(0, last);
        }

        return true;
    }

    public void Dispose()
    {
        ArrayPool<ulong>.Shared.Return(_pairs);
        _pairs = [];
    }

    private static ulong Key(int rank, int place) => ((ulong)rank << 32) | (uint)place;

    private readonly void Sink(int at, ulong pair)
    {
        Span<ulong> pairs = _pairs.AsSpan(0, _count);
        while ((at * Children) + 1 < pairs.Length)
        {
            int first = (at * Children) + 1;
            int last = Math.Min(first + Children, pairs.Length);
            int least = first;
            for (int i = first + 1; i < last; i++)
            {
                least = pairs[i] < pairs[least] ? i : least;
            }

            if (pairs[least] >= pair)
            {
                break;
            }

            pairs[at] = pairs[least];
            at = least;
        }

        pairs[at] = pair;
    }

    private void Grow()
    {
        ulong[] bigger = ArrayPool<ulong>.Shared.Rent(_pairs.Length * 2);
        _pairs.AsSpan(0, _count).CopyTo(bigger);
        ArrayPool<ulong>.Shared.Return(_pairs);
        _pairs = bigger;
    }
}
