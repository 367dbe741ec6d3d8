namespace LlmProxy.Redis;

/// <summary>How often Redis is asked again while it is away, when its connection is given up, and what the log says: once each way.</summary>
internal sealed class RedisWatch(TimeProvider time, ILogger logger, RedisAddress address)
{
    public static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>Up for less than this and away again, several times in a row: it comes and goes, so the pauses grow further.</summary>
    private static readonly TimeSpan Stable = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPauseUnstable = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan QuietFor = TimeSpan.FromMinutes(1);

    private const int GiveUpAfter = 3;
    private const int MostShortTimes = 3;

    private TimeSpan _pause = ShortestPause;
    private int _shortTimes;
    private string? _saidReason;
    private long _saidAt;
    private bool _isSaid;
    private int _failures;

    /// <summary>It could not be opened, or did not answer. True: the connection is to be given up for a new one.</summary>
    public bool Failed(string reason, CancellationToken stop)
    {
        if (stop.IsCancellationRequested)
        {
            return false;
        }

        SayAway(reason);
        return ++_failures % GiveUpAfter == 0;
    }

    public void CameUp()
    {
        _failures = 0;
        if (_isSaid || _saidReason is null)
        {
            logger.RedisUp(address.Label);
            _saidReason ??= "";
        }

        _isSaid = false;
    }

    public void WentAway(string reason, TimeSpan afterBeingUp)
    {
        _shortTimes = afterBeingUp >= Stable ? 0 : _shortTimes + 1;
        if (_shortTimes <= MostShortTimes)
        {
            _pause = ShortestPause;
        }

        SayAway(reason);
    }

    public async Task PauseAsync(CancellationToken stop)
    {
        await Task.WhenAny(Task.Delay(_pause, time, stop));
        TimeSpan most = _shortTimes > MostShortTimes ? LongestPauseUnstable : LongestPause;
        _pause = _pause * 2 < most ? _pause * 2 : most;
    }

    private void SayAway(string reason)
    {
        bool isNews = !_isSaid && (reason != _saidReason || time.GetElapsedTime(_saidAt) >= QuietFor);
        if (!isNews)
        {
            logger.RedisStillAway(address.Label, reason);
            return;
        }

        logger.RedisAway(address.Label, reason);
        (_isSaid, _saidReason, _saidAt) = (true, reason, time.GetTimestamp());
    }
}
