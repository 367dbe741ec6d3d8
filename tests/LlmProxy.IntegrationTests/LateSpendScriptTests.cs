using LlmProxy.TestKit;
using static LlmProxy.IntegrationTests.LimitScripts;

namespace LlmProxy.IntegrationTests;

/// <summary>What is told late was perhaps added from the books meanwhile: it counts once.</summary>
public sealed class LateSpendScriptTests
{
    private const string Key = "{t}:limit:key:k";
    private const long BooksHadIt = Begin + 300_000;
    private const long Back = Begin + 700_000;

    [RedisTheory]
    [InlineData(BooksHadIt - 1, "100")]
    [InlineData(BooksHadIt + 1, "170")]
    public async Task Settle_OfACallThatEndedBeforeTheBooksWereAdded_CountsOnce(long ended, string spent)
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await SeedAsync(redis, Begin, units: 30, isFirst: true);
        Assert.Equal("A", (await AdmitAsync(redis, Begin, "cut-off", 50, 0, (Key, "0", "0", "0", "1000", "0", "t")))[0]);
        await SeedAsync(redis, Begin + 600_000, units: 70, isFirst: false);

        await SettleAsync(redis, Back, "cut-off", 70, times: 2, ended: ended);

        Assert.Equal(spent, await redis.WordAsync("HGET", Key, "u:t0"));
        Assert.Equal("", await redis.WordAsync("HGET", Key, "hu:t0"));
    }

    [RedisTheory]
    [InlineData(BooksHadIt - 1, "100")]
    [InlineData(BooksHadIt + 1, "170")]
    public async Task SpendOfTheTimeAway_ThatTheBooksAdded_CountsOnce(long ended, string spent)
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await SeedAsync(redis, Begin, units: 30, isFirst: true);
        await SeedAsync(redis, Begin + 600_000, units: 70, isFirst: false);

        await EvalAsync(redis, "adopt", Back, [Until, Held, Expired, "{t}:told:away", Key], "away", "0", "70", "0", $"{ended}", "0", "t0");

        Assert.Equal(spent, await redis.WordAsync("HGET", Key, "u:t0"));
    }

    private static Task<string> SeedAsync(RedisServer redis, long now, long units, bool isFirst) =>
        EvalAsync(redis, "seed", now, [Key], "t", "0", $"{units}", "0", isFirst ? "1" : "0", "1000000000", $"{BooksHadIt}");
}
