using LlmProxy.Pipeline;

namespace LlmProxy.Limits;

/// <summary>The memory that bodies and held answers of all calls may take together. Lock-free.</summary>
internal sealed class BufferBudget
{
    private long _limit = DefaultLimit();
    private long _taken;

    /// <summary>A quarter of what this process may use, the container's limit included.</summary>
    public static long DefaultLimit() => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4;

    public long Limit => Volatile.Read(ref _limit);

    public long Taken => Volatile.Read(ref _taken);

    /// <summary>What the snapshot says now; 0: the default. What is taken already stays taken.</summary>
    public void SetLimit(long maxBufferedBytes) =>
        Volatile.Write(ref _limit, maxBufferedBytes > 0 ? maxBufferedBytes : DefaultLimit());

    public bool TryTake(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        long taken = Volatile.Read(ref _taken);
        while (bytes <= Limit - taken)
        {
            long seen = Interlocked.CompareExchange(ref _taken, taken + bytes, taken);
            if (seen == taken)
            {
                return true;
            }

            taken = seen;
        }

        return false;
    }

    public void Give(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Interlocked.Add(ref _taken, -bytes);
    }

    /// <summary>What a call gets for which there is no memory at the moment.</summary>
    public static GatewayError Full() => new(
        ErrorCode.GatewayBusy,
        "The gateway holds as many request and answer bytes as it may (LlmProxy:Limits:MaxBufferedBytes). Try again in a moment.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };
}
