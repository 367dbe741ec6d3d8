namespace LlmProxy.Redis;

/// <summary>Redis' time as this process reckons it from the replies: so a script can say until when it may still be run.</summary>
internal sealed class RedisClock(TimeProvider time)
{
    private static readonly TimeSpan TooVague = TimeSpan.FromMilliseconds(20);

    private readonly long _start = time.GetTimestamp();
    private long _aheadMs = time.GetUtcNow().ToUnixTimeMilliseconds();
    private int _isKnown;

    /// <summary>Milliseconds since 1970 on Redis' clock.</summary>
    public long NowMs => Volatile.Read(ref _aheadMs) + ElapsedMs(time.GetTimestamp());

    public DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);

    /// <summary>Redis told its time in a reply to a question sent then. A clock that was set is believed at once.</summary>
    public void Heard(long sentAt, long redisMs)
    {
        long now = time.GetTimestamp();
        long ahead = redisMs - ((ElapsedMs(sentAt) + ElapsedMs(now)) / 2);
        bool isVague = time.GetElapsedTime(sentAt, now) > TooVague && Math.Abs(ahead - Volatile.Read(ref _aheadMs)) < 1000;
        if (!isVague || Volatile.Read(ref _isKnown) == 0)
        {
            Volatile.Write(ref _aheadMs, ahead);
            Volatile.Write(ref _isKnown, 1);
        }
    }

    private long ElapsedMs(long timestamp) => (long)time.GetElapsedTime(_start, timestamp).TotalMilliseconds;
}
