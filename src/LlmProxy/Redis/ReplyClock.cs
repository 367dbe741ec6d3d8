namespace LlmProxy.Redis;

/// <summary>When something was heard from Redis last: one reply proves that it answers the others too.</summary>
internal sealed class ReplyClock(TimeProvider time, TimeSpan patience)
{
    /// <summary>A timer that fires later than this tells of our own process, not of Redis: the reply may stand behind it in the same queue.</summary>
    private static readonly TimeSpan OwnStall = TimeSpan.FromMilliseconds(10);

    /// <summary>Whoever is about to give Redis up looks once more after this: a machine that is short of processors is no dead Redis.</summary>
    public static readonly TimeSpan SecondLook = TimeSpan.FromMilliseconds(10);

    private long _heard = time.GetTimestamp();

    public TimeProvider Time => time;

    /// <summary>The silence after which nobody waits any longer.</summary>
    public TimeSpan Patience => patience;

    /// <summary>Beyond this one call is not waited for, whatever the others hear and however long this process was held up itself.</summary>
    public TimeSpan LongestWait => patience * 50;

    public TimeSpan SinceHeard => time.GetElapsedTime(Volatile.Read(ref _heard));

    public void Heard() => Volatile.Write(ref _heard, time.GetTimestamp());

    /// <summary>How much longer a reply is worth waiting for; zero: no longer.</summary>
    /// <param name="sentAt">When the question went out.</param>
    /// <param name="dueAt">When the timer that asks should have fired.</param>
    public TimeSpan MoreTime(long sentAt, long dueAt)
    {
        long now = time.GetTimestamp();
        if (time.GetElapsedTime(sentAt, now) >= LongestWait)
        {
            return TimeSpan.Zero;
        }

        if (time.GetElapsedTime(dueAt, now) > OwnStall)
        {
            return patience;
        }

        TimeSpan left = patience - time.GetElapsedTime(Math.Max(sentAt, Volatile.Read(ref _heard)), now);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    public bool IsWorthASecondLook(long sentAt) => time.GetElapsedTime(sentAt) < LongestWait;

    public long DueIn(TimeSpan wait) => time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency);
}
