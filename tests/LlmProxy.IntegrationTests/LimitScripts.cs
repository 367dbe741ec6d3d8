using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The scripts that Redis runs for the gateway, on a clock of the test's own.</summary>
internal static class LimitScripts
{
    public const string Until = "{t}:until";
    public const string Held = "{t}:held";
    public const string Expired = "{t}:expired:";
    public const long Begin = 1_795_000_000_000;
    public const int Lease = 60_000;

    public static async Task SettleAsync(RedisServer redis, long now, string id, long units, int times = 1, long tokens = 0, long? ended = null)
    {
        for (int i = 0; i < times; i++)
        {
            await EvalAsync(redis, "settle", now, [Until, Held, Expired], id, $"{units}", $"{tokens}", $"{ended ?? now}");
        }
    }

    /// <summary>Verdict, time, bucket, then nine words for each holder.</summary>
    public static async Task<string[]> AdmitAsync(
        RedisServer redis, long now, string id, long units, long tokens, params (string Key, string Calls, string Tokens, string Parallel, string Units, string BudgetTokens, string Letter)[] holders)
    {
        DateTimeOffset month = DateTimeOffset.FromUnixTimeMilliseconds(now);
        var first = new DateTimeOffset(month.Year, month.Month, 1, 0, 0, 0, TimeSpan.Zero);
        List<string> values =
        [
            id, $"{now + 1000}", $"{Lease}", $"{units}", $"{tokens}", "0", $"{first.ToUnixTimeSeconds() / 86_400}", $"{first.AddMonths(1).ToUnixTimeSeconds() / 86_400}",
            .. holders.SelectMany(holder => new[] { holder.Calls, holder.Tokens, holder.Parallel, holder.Units, holder.BudgetTokens, holder.Letter }),
        ];
        return (await EvalAsync(redis, "admit", now, [Until, Held, Expired, .. holders.Select(holder => holder.Key)], [.. values])).Split(' ');
    }

    public static async Task<string> EvalAsync(RedisServer redis, string script, long now, string[] keys, params string[] values)
    {
        string scripts = Path.Combine(GatewayBinary.RepositoryRoot, "src", "LlmProxy", "Redis", "Scripts");
        string common = await File.ReadAllTextAsync(Path.Combine(scripts, "common.lua"));
        const string clock = "redis.call('TIME')";
        Assert.Contains(clock, common, StringComparison.Ordinal);
        string text = common.Replace(clock, $"{{ {now / 1000}, {now % 1000 * 1000} }}", StringComparison.Ordinal)
            + await File.ReadAllTextAsync(Path.Combine(scripts, script + ".lua"));
        return await redis.WordAsync(["EVAL", text, $"{keys.Length}", .. keys, .. values]);
    }
}
