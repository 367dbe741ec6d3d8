namespace LlmProxy.Limits;

/// <summary>
/// What began in the last 60 seconds, calls or tokens, in memory that does not grow with the limit. What an entry weighs can
/// be corrected afterwards. See README.md beside this file. Not safe for several threads at once.
/// </summary>
internal sealed class SlidingWindow
{
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(60);

    /// <summary>A bundle takes nothing further this long after its first: the most by which an entry is counted too long.</summary>
    public static readonly TimeSpan BundleSpan = TimeSpan.FromMilliseconds(500);

    /// <summary>A bundle of several holds at most this part of the limit, so that little is counted too long.</summary>
    public const int BundlesPerLimit = 64;

    /// <summary>
    /// Of two neighbours that cannot be one, either the weight is too much (64 such pairs) or the time (121): there are never
    /// more than 370 bundles after neighbours were joined, unless entries grew far beyond the limit.
    /// </summary>
    private const int MaxBundles = 512;

    private Bundle[] _ring = new Bundle[4];
    private int _oldest;
    private int _bundles;
    private long _sum;
    private long _entries;

    /// <summary>What counts at this moment. Times are elapsed time on one clock and never run backwards.</summary>
    public long Sum(TimeSpan now)
    {
        while (_bundles > 0 && now - At(0).Last >= Length)
        {
            _sum -= At(0).Weight;
            _oldest = (_oldest + 1) % _ring.Length;
            _bundles--;
        }

        return _sum;
    }

    /// <summary>Enters something, also where there is no room. Returns the name by which it can be corrected.</summary>
    public long Add(TimeSpan now, long limit, long weight = 1)
    {
        Sum(now);
        weight = Math.Min(weight, long.MaxValue - _sum);
        _sum += weight;
        if (_bundles > 0)
        {
            ref Bundle newest = ref At(_bundles - 1);
            if (MayJoin(newest, weight, now, limit) || IsFull(limit))
            {
                newest = ref At(_bundles - 1);
                newest.Weight += weight;
                newest.Last = now;
                return _entries++;
            }
        }

        Grow();
        At(_bundles++) = new Bundle { First = now, Last = now, Weight = weight, FirstEntry = _entries };
        return _entries++;
    }

    /// <summary>Changes what an entry weighs, by as much as counts; returns that. Null: it is older than a minute, and nothing changes.</summary>
    public long? Correct(TimeSpan now, long entry, long by)
    {
        Sum(now);
        if (_bundles == 0 || entry < At(0).FirstEntry)
        {
            return null;
        }

        ref Bundle bundle = ref At(IndexOf(entry));
        by = by < 0 ? -Math.Min(-by, bundle.Weight) : Math.Min(by, long.MaxValue - _sum);
        bundle.Weight += by;
        _sum += by;
        return by;
    }

    /// <summary>How long until this much more has room under the limit; zero: it has room now. More than the limit never has.</summary>
    public TimeSpan UntilRoom(TimeSpan now, long limit, long weight = 1)
    {
        long room = limit - weight;
        long left = Sum(now);
        for (int i = 0; i < _bundles && left > room; i++)
        {
            left -= At(i).Weight;
            if (left <= room)
            {
                return At(i).Last + Length - now;
            }
        }

        return left > room ? TimeSpan.MaxValue : TimeSpan.Zero;
    }

    /// <summary>How long until the whole limit is there again.</summary>
    public TimeSpan UntilEmpty(TimeSpan now)
    {
        if (Sum(now) == 0)
        {
            return TimeSpan.Zero;
        }

        int last = _bundles - 1;
        while (At(last).Weight == 0)
        {
            last--;
        }

        return At(last).Last + Length - now;
    }

    private static bool MayJoin(in Bundle bundle, long weight, TimeSpan last, long limit) =>
        bundle.Weight <= (limit / BundlesPerLimit) - weight && last - bundle.First < BundleSpan;

    private int IndexOf(long entry)
    {
        int from = 0;
        int to = _bundles - 1;
        while (from < to)
        {
            int middle = (from + to + 1) / 2;
            if (At(middle).FirstEntry <= entry)
            {
                from = middle;
            }
            else
            {
                to = middle - 1;
            }
        }

        return from;
    }

    /// <summary>Entries that turned out lighter leave bundles that can be one: joined before any bundle has to take too much.</summary>
    private bool IsFull(long limit)
    {
        if (_bundles < MaxBundles)
        {
            return false;
        }

        int kept = 0;
        for (int i = 1; i < _bundles; i++)
        {
            Bundle next = At(i);
            ref Bundle last = ref At(kept);
            if (MayJoin(last, next.Weight, next.Last, limit))
            {
                last.Weight += next.Weight;
                last.Last = next.Last;
            }
            else
            {
                At(++kept) = next;
            }
        }

        _bundles = kept + 1;
        return _bundles == MaxBundles;
    }

    private ref Bundle At(int index) => ref _ring[(_oldest + index) & (_ring.Length - 1)]; // A power of two.

    private void Grow()
    {
        if (_bundles < _ring.Length)
        {
            return;
        }

        var larger = new Bundle[_ring.Length * 2];
        for (int i = 0; i < _bundles; i++)
        {
            larger[i] = At(i);
        }

        _ring = larger;
        _oldest = 0;
    }

    private struct Bundle
    {
        public TimeSpan First;
        public TimeSpan Last;
        public long Weight;
        public long FirstEntry;
    }
}
