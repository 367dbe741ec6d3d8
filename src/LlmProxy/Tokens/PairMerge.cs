using System.Buffers;

namespace LlmProxy.Tokens;

/// <summary>
/// Merges the bytes of one piece: always the pair of neighbours whose join has the lowest rank, the leftmost first, until
/// none of them joins. Short pieces, which are nearly all, are searched through; long ones keep their pairs in a heap, so
/// that a megabyte without a space costs hardly more than its length.
/// </summary>
internal static class PairMerge
{
    private const int MostSearched = 64;
    private const int NoRank = int.MaxValue;

    /// <summary>Longer pieces are merged in parts: a count that may be off by one at each cut, for memory that has a bound.</summary>
    private const int MostMerged = 1 << 20;

    /// <summary>Says how many tokens the piece has, and adds them where they are wanted.</summary>
    public static int Merge(RankTable ranks, ReadOnlySpan<byte> piece, List<int>? tokens)
    {
        int count = 0;
        while (piece.Length > MostMerged)
        {
            count += MergeLong(ranks, piece[..MostMerged], tokens);
            piece = piece[MostMerged..];
        }

        return count + (piece.Length > MostSearched ? MergeLong(ranks, piece, tokens) : MergeShort(ranks, piece, tokens));
    }

    private static int MergeShort(RankTable ranks, ReadOnlySpan<byte> piece, List<int>? tokens)
    {
        Span<int> starts = stackalloc int[MostSearched + 1];
        Span<int> joins = stackalloc int[MostSearched + 1];
        int count = piece.Length;
        for (int i = 0; i <= count; i++)
        {
            starts[i] = i;
            joins[i] = i < count - 1 ? Rank(ranks, piece, i, i + 2) : NoRank;
        }

        while (true)
        {
            int best = 0;
            for (int i = 1; i < count; i++)
            {
                best = joins[i] < joins[best] ? i : best;
            }

            if (joins[best] == NoRank)
            {
                break;
            }

            starts[(best + 2)..(count + 1)].CopyTo(starts[(best + 1)..]);
            joins[(best + 2)..(count + 1)].CopyTo(joins[(best + 1)..]);
            count--;
            joins[best] = best < count - 1 ? Rank(ranks, piece, starts[best], starts[best + 2]) : NoRank;
            if (best > 0)
            {
                joins[best - 1] = Rank(ranks, piece, starts[best - 1], starts[best + 1]);
            }
        }

        for (int i = 0; tokens is not null && i < count; i++)
        {
            tokens.Add(RankOfPart(ranks, piece[starts[i]..starts[i + 1]]));
        }

        return count;
    }

    private static int MergeLong(RankTable ranks, ReadOnlySpan<byte> piece, List<int>? tokens)
    {
        Part[] rented = ArrayPool<Part>.Shared.Rent(piece.Length + 1);
        var pairs = new PairHeap(piece.Length);
        try
        {
            Span<Part> parts = rented.AsSpan(0, piece.Length + 1);
            int count = piece.Length;
            for (int i = 0; i <= count; i++)
            {
                parts[i] = new Part { Next = i + 1, Previous = i - 1, Join = i < count - 1 ? Rank(ranks, piece, i, i + 2) : NoRank };
                if (parts[i].Join != NoRank)
                {
                    pairs.Append(parts[i].Join, i);
                }
            }

            pairs.Order();
            while (pairs.TryTake(out int join, out int start))
            {
                ref Part left = ref parts[start];
                if (left.Join != join)
                {
                    continue; // The pair has changed since.
                }

                int right = left.Next;
                parts[right].Join = NoRank;
                left.Next = parts[right].Next;
                parts[left.Next].Previous = start;
                count--;
                Rejoin(ranks, piece, parts, start, ref pairs);
                if (left.Previous >= 0)
                {
                    Rejoin(ranks, piece, parts, left.Previous, ref pairs);
                }
            }

            for (int i = 0; tokens is not null && i < piece.Length; i = parts[i].Next)
            {
                tokens.Add(RankOfPart(ranks, piece[i..parts[i].Next]));
            }

            return count;
        }
        finally
        {
            pairs.Dispose();
            ArrayPool<Part>.Shared.Return(rented);
        }
    }

    private static void Rejoin(RankTable ranks, ReadOnlySpan<byte> piece, Span<Part> parts, int start, ref PairHeap pairs)
    {
        ref Part part = ref parts[start];
        int join = part.Next < piece.Length ? Rank(ranks, piece, start, parts[part.Next].Next) : NoRank;
        if (join != part.Join)
        {
            part.Join = join;
            if (join != NoRank)
            {
                pairs.Add(join, start);
            }
        }
    }

    private static int Rank(RankTable ranks, ReadOnlySpan<byte> piece, int start, int end)
    {
        int rank = ranks.RankOf(piece[start..end]);
        return rank < 0 ? NoRank : rank;
    }

    private static int RankOfPart(RankTable ranks, ReadOnlySpan<byte> part) => part.Length == 1 ? ranks.RankOf(part[0]) : ranks.RankOf(part);

    /// <summary>A run of bytes that is one token so far. Join: the rank it would have together with the next.</summary>
    private struct Part
    {
        public int Next;
        public int Previous;
        public int Join;
    }
}
