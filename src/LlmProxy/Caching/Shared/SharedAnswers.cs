using LlmProxy.Redis;

namespace LlmProxy.Caching.Shared;

/// <summary>
/// The answers that all replicas share through Redis. It is asked when this process knows nothing, and told behind the calls'
/// backs; away or slow, it is as if it knew nothing.
/// </summary>
internal sealed class SharedAnswers(RedisLink redis, AnswerCache cache, TimeProvider time)
{
    /// <summary>Limits and budgets go by the same connection: what takes longer to send than they wait is kept in process alone.</summary>
    public const int MostStored = 256 * 1024;

    /// <summary>Answers that are on their way there; beyond this many the next one stays here.</summary>
    private const int MostOnTheWay = 64;

    private int _onTheWay;

    public bool IsOn => redis.IsUp;

    /// <summary>What another replica, or this process in an earlier life, has kept; it is then known here too.</summary>
    public async ValueTask<(CachedAnswer Answer, TimeSpan Age)?> GetAsync(string workspace, CacheKey key)
    {
        Reply reply = await redis.TryGetAsync(NameOf(workspace, key));
        if (!reply.IsThere || reply.Value is null || StoredAnswer.Read(reply.Value, cache.MostBytes) is not { } stored)
        {
            return null;
        }

        TimeSpan age = time.GetUtcNow() - stored.StoredAt;
        age = age > TimeSpan.Zero ? age : TimeSpan.Zero; // Another replica's clock may be ahead.
        if (age >= stored.Life)
        {
            return null;
        }

        cache.Keep(key, stored.Answer, stored.Life, age);
        return (stored.Answer, age);
    }

    /// <summary>Nobody waits for it.</summary>
    public void Keep(string workspace, CacheKey key, CachedAnswer answer, TimeSpan life)
    {
        if (!IsOn || life <= TimeSpan.Zero)
        {
            return;
        }

        if (Interlocked.Increment(ref _onTheWay) > MostOnTheWay)
        {
            Interlocked.Decrement(ref _onTheWay);
            return;
        }

        _ = Task.Run(async () =>
        {
            try
            {
                byte[] stored = StoredAnswer.Write(answer, time.GetUtcNow(), life);
                if (stored.Length <= MostStored)
                {
                    await redis.TrySetAsync(NameOf(workspace, key), stored, life);
                }
            }
            finally
            {
                Interlocked.Decrement(ref _onTheWay);
            }
        });
    }

    /// <summary>The workspace stands in the name too, so that an operator can find, and drop, what one of them has.</summary>
    private string NameOf(string workspace, CacheKey key) => redis.Key($"cache:{Uri.EscapeDataString(workspace)}:{key.A:x16}{key.B:x16}{key.C:x16}{key.D:x16}");
}
