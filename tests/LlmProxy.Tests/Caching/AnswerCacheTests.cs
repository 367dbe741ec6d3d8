using LlmProxy.Accounting;
using LlmProxy.Caching;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;

namespace LlmProxy.Tests.Caching;

public sealed class AnswerCacheTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private readonly FakeTimeProvider _time = new();
    private readonly AnswerCache _cache;

    public AnswerCacheTests() => _cache = new AnswerCache(_time);

    [Fact]
    public void Cache_Disabled_KeepsAndFindsNothing()
    {
        _cache.Keep(Key(1), Answer(), Hour);

        Assert.False(_cache.TryGet(Key(1), out _, out _));
        Assert.Equal(default, _cache.Counts);
    }

    [Fact]
    public void TryGet_KeptAnswer_ReturnsItWithItsAge()
    {
        Enable();
        CachedAnswer kept = Answer();
        _cache.Keep(Key(1), kept, Hour);
        _time.Advance(TimeSpan.FromMinutes(7));

        Assert.True(_cache.TryGet(Key(1), out CachedAnswer? found, out TimeSpan age));
        Assert.Same(kept, found);
        Assert.Equal(TimeSpan.FromMinutes(7), age);
        Assert.False(_cache.TryGet(Key(2), out _, out _));
        Assert.Equal((1, 1), (_cache.Counts.Hits, _cache.Counts.Misses));
    }

    [Fact]
    public void TryGet_TimeToLiveIsOver_ForgetsTheAnswer()
    {
        Enable();
        _cache.Keep(Key(1), Answer(), Hour);
        _time.Advance(Hour);

        Assert.False(_cache.TryGet(Key(1), out _, out _));
        Assert.Equal((0, 0), (_cache.Counts.Entries, _cache.Counts.Bytes));
    }

    [Fact]
    public void Keep_TooManyEntries_DropsTheLeastRecentlyUsed()
    {
        Enable(entries: 2);
        _cache.Keep(Key(1), Answer(), Hour);
        _cache.Keep(Key(2), Answer(), Hour);
        Assert.True(_cache.TryGet(Key(1), out _, out _));
        _cache.Keep(Key(3), Answer(), Hour);

        Assert.True(_cache.TryGet(Key(1), out _, out _));
        Assert.False(_cache.TryGet(Key(2), out _, out _));
        Assert.True(_cache.TryGet(Key(3), out _, out _));
        Assert.Equal(1, _cache.Counts.Evictions);
    }

    [Fact]
    public void Keep_TooManyBytes_DropsUntilAllFits()
    {
        Enable(bytes: 100_000);
        for (ulong i = 0; i < 100; i++)
        {
            _cache.Keep(Key(i), Answer(bytes: 9_000), Hour);
        }

        CacheCounts counts = _cache.Counts;
        Assert.Equal(10, counts.Entries);
        Assert.InRange(counts.Bytes, 90_000, 100_000);
    }

    [Fact]
    public void Keep_AnswerTooLarge_PassesItOverAndDropsTheOlderOne()
    {
        Enable(bytes: 80_000);
        _cache.Keep(Key(1), Answer(), Hour);
        _cache.Keep(Key(2), Answer(), Hour);
        _cache.Keep(Key(1), Answer(bytes: 10_000), Hour);

        Assert.False(_cache.TryGet(Key(1), out _, out _));
        Assert.True(_cache.TryGet(Key(2), out _, out _));
    }

    [Fact]
    public void Keep_SameKeyAgain_ReplacesTheAnswerAndItsAge()
    {
        Enable();
        _cache.Keep(Key(1), Answer(), Hour);
        _time.Advance(TimeSpan.FromMinutes(59));
        CachedAnswer fresh = Answer();
        _cache.Keep(Key(1), fresh, Hour);
        _time.Advance(TimeSpan.FromMinutes(30));

        Assert.True(_cache.TryGet(Key(1), out CachedAnswer? found, out _));
        Assert.Same(fresh, found);
        Assert.Equal((1, fresh.Weight), (_cache.Counts.Entries, _cache.Counts.Bytes));
    }

    [Fact]
    public void Apply_SmallerOrOff_DropsWhatNoLongerFits()
    {
        Enable();
        for (ulong i = 0; i < 10; i++)
        {
            _cache.Keep(Key(i), Answer(), Hour);
        }

        Enable(entries: 3);
        Assert.Equal(3, _cache.Counts.Entries);
        _cache.Apply(new CacheOptions { Enabled = false });
        Assert.Equal((0, 0), (_cache.Counts.Entries, _cache.Counts.Bytes));
    }

    [Fact]
    public void Keep_AnswerThatWasKnownElsewhere_HasItsAgeAndDiesWithIt()
    {
        Enable();
        _cache.Keep(Key(1), Answer(), Hour, TimeSpan.FromMinutes(50));

        Assert.True(_cache.TryGet(Key(1), out _, out TimeSpan age));
        Assert.Equal(TimeSpan.FromMinutes(50), age);
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.False(_cache.TryGet(Key(1), out _, out _));
    }

    [Fact]
    public void Covers_OnlyTextAndVectors()
    {
        Assert.True(AnswerCache.Covers(EndpointKind.Chat));
        Assert.True(AnswerCache.Covers(EndpointKind.Messages));
        Assert.True(AnswerCache.Covers(EndpointKind.Embeddings));
        Assert.False(AnswerCache.Covers(EndpointKind.Responses));
        Assert.False(AnswerCache.Covers(EndpointKind.Images));
        Assert.False(AnswerCache.Covers(EndpointKind.Transcriptions));
    }

    [Fact]
    public void Cache_ManyThreads_StaysWithinItsBoundsAndCountsRight()
    {
        Enable(entries: 50, bytes: 40_000);
        Parallel.For(0, 8, thread =>
        {
            var random = new Random(thread);
            for (int i = 0; i < 3000; i++)
            {
                CacheKey key = Key((ulong)random.Next(100));
                if (!_cache.TryGet(key, out _, out _))
                {
                    _cache.Keep(key, Answer(bytes: random.Next(500)), Hour);
                }
            }
        });

        CacheCounts counts = _cache.Counts;
        Assert.Equal(8 * 3000, counts.Hits + counts.Misses);
        Assert.InRange(counts.Entries, 1, 50);
        Assert.InRange(counts.Bytes, 1, 40_000);
        Assert.True(counts.Hits > 0);
        _cache.Apply(new CacheOptions { Enabled = false });
        Assert.Equal(0, _cache.Counts.Bytes);
    }

    private void Enable(int entries = 1000, long bytes = 1_000_000) =>
        _cache.Apply(new CacheOptions { Enabled = true, MaxEntries = entries, MaxBytes = bytes });

    private static CacheKey Key(ulong number) => new(number, 0, 0, 0);

    private static CachedAnswer Answer(int bytes = 10) => new()
    {
        Body = new byte[bytes],
        ContentType = "application/json",
        Provider = "openai",
        Llm = "gpt-4o",
        DeploymentModel = "gpt-4o",
        Fingerprint = 1,
        ReportedModel = "gpt-4o-2024-08-06",
        Usage = new TokenUsage(10, 0, 0, 5, 0),
    };
}
