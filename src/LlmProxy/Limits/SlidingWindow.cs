namespace LlmProxy.Limits;

/// <summary>
/// The calls of the last 60 seconds, exact for limits up to 64 and bundled above, in memory that does not grow with the
/// limit. See README.md beside this file. Not safe for several threads at once.
/// </summary>
internal sealed class SlidingWindow
{
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(60);

    /// <summary>A bundle takes no further call this long after its first: the most by which a call is counted too long.</summary>
    public static readonly TimeSpan BundleSpan = TimeSpan.FromMilliseconds(500);

    /// <summary>A bundle holds at most this part of the limit, so that few calls are counted too long.</summary>
    public const int BundlesPerLimit = 64;

    // Full bundles (64) and those closed by time (120) both fit, also while the limit changes.
    private const int MaxBundles = 256;

    private Bundle[] _ring = new Bundle[4];
    private int _oldest;
    private int _bundles;
    private int _calls;

    /// <summary>Calls counted at this moment. Times are elapsed time on one clock and never run backwards.</summary>
    public int Count(TimeSpan now)
    {
        while (_bundles > 0 && now - At(0).Last >= Length)
        {
            _calls -= At(0).Calls;
            _oldest = (_oldest + 1) % _ring.Length;
            _bundles--;
        }

        return _calls;
    }

    public void Add(TimeSpan now, int limit)
    {
        Count(now);
        _calls++;
        if (_bundles > 0)
        {
            ref Bundle newest = ref At(_bundles - 1);
            bool hasRoom = newest.Calls < limit / BundlesPerLimit && now - newest.First < BundleSpan;
            if (hasRoom || _bundles == MaxBundles)
            {
                newest.Calls++;
                newest.Last = now;
                return;
            }
        }

        Grow();
        At(_bundles++) = new Bundle { First = now, Last = now, Calls = 1 };
    }

    /// <summary>How long until one more call has room under the limit; zero: it has room now.</summary>
    public TimeSpan UntilRoom(TimeSpan now, int limit)
    {
        int tooMany = Count(now) - limit + 1;
        for (int i = 0; i < _bundles && tooMany > 0; i++)
        {
            tooMany -= At(i).Calls;
            if (tooMany <= 0)
            {
                return At(i).Last + Length - now;
            }
        }

        return TimeSpan.Zero;
    }

    /// <summary>How long until the whole limit is there again.</summary>
    public TimeSpan UntilEmpty(TimeSpan now) => Count(now) == 0 ? TimeSpan.Zero : At(_bundles - 1).Last + Length - now;

    private ref Bundle At(int index) => ref _ring[(_oldest + index) % _ring.Length];

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
        public int Calls;
    }
}
