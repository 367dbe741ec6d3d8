using System.Globalization;
using LlmProxy.TestKit;
using static LlmProxy.IntegrationTests.LimitScripts;

namespace LlmProxy.IntegrationTests;

/// <summary>The scripts that Redis runs for the gateway, on a clock of the test's own, against models so plain that they cannot be wrong.</summary>
public sealed class LimitScriptTests
{
    [RedisTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Window_UnderAnyLoad_LetsNeverMoreThanTheLimitThroughAndHardlyLess(int seed)
    {
        const int limit = 20;
        await using RedisServer redis = await RedisServer.StartAsync();
        var random = new Random(seed);
        List<long> admitted = [];
        long now = Begin + random.Next(1000);
        for (int i = 0; i < 400; i++)
        {
            now += random.Next(8) switch { 0 => random.Next(20_000), 1 => 60_000, < 5 => 0, _ => random.Next(1500) };
            string[] reply = await AdmitAsync(redis, now, $"call-{i}", 0, 0, ("{t}:limit:key:a", $"{limit}", "0", "0", "0", "0", ""));

            int exact = admitted.Count(at => at > now - 60_000);
            int atMost = admitted.Count(at => at > now - 60_500 - 1);
            if (reply[0] == "A")
            {
                Assert.True(exact < limit, $"step {i}: the {exact + 1}th in a minute passed");
                admitted.Add(now);
                Assert.Equal(limit - exact - 1 - (atMost - exact), long.Parse(reply[5], CultureInfo.InvariantCulture), (a, b) => Math.Abs(a - b) <= atMost - exact);
            }
            else
            {
                Assert.True(atMost >= limit, $"step {i}: refused with {atMost} in the last minute");
                long wait = long.Parse(reply[4], CultureInfo.InvariantCulture);
                Assert.InRange(wait, 1, 60_500);
                Assert.Equal("R", (await AdmitAsync(redis, now + wait - 1, $"early-{i}", 0, 0, ("{t}:limit:key:a", $"{limit}", "0", "0", "0", "0", "")))[0]);
                now += wait;
                Assert.Equal("A", (await AdmitAsync(redis, now, $"waited-{i}", 0, 0, ("{t}:limit:key:a", $"{limit}", "0", "0", "0", "0", "")))[0]);
                admitted.Add(now);
            }
        }
    }

    [RedisTheory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Budgets_WhateverHappensToCalls_AddUpAsAPlainModelSays(int seed)
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        var random = new Random(seed);
        string[] keys = ["{t}:limit:workspace:w", "{t}:limit:key:k"];
        int[] budgets = [4000, 3000];
        Dictionary<string, (long Units, long EndsAt)> running = [];
        Dictionary<string, long> lost = [];
        HashSet<string> told = [];
        long now = Begin;
        long spent = 0;
        foreach (string key in keys)
        {
            await EvalAsync(redis, "seed", now, [key], "t", "0", "0", "0", "1", "1000000000");
        }

        for (int i = 0; i < 350; i++)
        {
            Expire(running, lost, now);
            string id = $"call-{i}";
            string? some = running.Count > 0 ? running.Keys.ElementAt(random.Next(running.Count)) : null;
            string? gone = lost.Count > 0 ? lost.Keys.ElementAt(random.Next(lost.Count)) : null;
            switch (random.Next(9))
            {
                case < 3:
                    long asked = random.Next(1, 400);
                    string[] reply = await AdmitAsync(redis, now, id, asked, 0, [.. keys.Select((key, k) => (key, "0", "0", "0", $"{budgets[k]}", "0", "t"))]);
                    long held = running.Values.Sum(call => call.Units);
                    bool fits = budgets.All(budget => spent < budget && spent + held < budget && spent + held + asked <= budget);
                    Assert.True(fits == (reply[0] == "A"), $"step {i}: {reply[0]} with {spent} spent, {held} held, {asked} asked");
                    if (fits)
                    {
                        running[id] = (asked, now + Lease);
                    }

                    break;
                case 3 when some is not null:
                    long wanted = running[some].Units + random.Next(200);
                    long room = budgets.Min() - spent - running.Values.Sum(call => call.Units);
                    long got = running[some].Units + Math.Min(wanted - running[some].Units, Math.Max(room, 0));
                    string grown = await EvalAsync(redis, "grow", now, [Until, Held, Expired], some, $"{now + 1000}", $"{wanted}", "0", $"{budgets[0]}", "0", $"{budgets[1]}", "0");
                    Assert.Equal($"{got} 0 {(got == wanted ? 1 : 0)}", grown);
                    running[some] = (got, running[some].EndsAt);
                    break;
                case 4 or 5 when some is not null:
                    long used = random.Next(500);
                    spent += used;
                    running.Remove(some);
                    await SettleAsync(redis, now, some, used, times: random.Next(1, 3));
                    break;
                case 6 when gone is not null:
                    long late = random.Next(300);
                    spent += late;
                    lost.Remove(gone);
                    await SettleAsync(redis, now, gone, late, times: 2);
                    break;
                case 7 when some is not null || gone is not null:
                    string renewed = some ?? gone!;
                    Assert.Equal("1", await EvalAsync(redis, "renew", now, [Until, Held, Expired], $"{Lease}", renewed, "never-heard-of"));
                    long units = lost.Remove(renewed, out long back) ? back : running[renewed].Units;
                    running[renewed] = (units, now + Lease);
                    break;
                case 8:
                    long elsewhere = random.Next(50);
                    string away = told.Count > 0 && random.Next(2) == 0 ? told.First() : $"away-{i}";
                    await EvalAsync(redis, "adopt", now, [Until, Held, Expired, $"{{t}}:told:{away}", .. keys], away, "0", $"{elsewhere}", "0", "0", "0", "t0", "0", "t0");
                    spent += told.Add(away) ? elsewhere : 0;
                    break;
                default:
                    now += random.Next(3) == 0 ? 61_000 : random.Next(5000);
                    break;
            }

            Expire(running, lost, now);
            await EvalAsync(redis, "renew", now, [Until, Held, Expired], $"{Lease}"); // Nobody is renewed; who is late expires.
            foreach (string key in keys)
            {
                Assert.Equal($"{spent}", await redis.WordAsync("HGET", key, "u:t0"));
                string sum = await redis.WordAsync("HGET", key, "hu:t0");
                Assert.Equal(running.Values.Sum(call => call.Units), sum.Length == 0 ? 0 : long.Parse(sum, CultureInfo.InvariantCulture));
                string count = await redis.WordAsync("HGET", key, "n");
                Assert.Equal(running.Count, count.Length == 0 ? 0 : int.Parse(count, CultureInfo.InvariantCulture));
            }
        }
    }

    [RedisFact]
    public async Task TokensPerMinute_SettledForLess_HaveRoomAtOnce()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        (string, string, string, string, string, string, string) holder = ("{t}:limit:key:k", "0", "1000", "0", "0", "0", "");

        Assert.Equal("A", (await AdmitAsync(redis, Begin, "one", 0, 900, holder))[0]);
        string[] refused = await AdmitAsync(redis, Begin + 100, "two", 0, 200, holder);
        Assert.Equal(["R", "t"], [refused[0], refused[3]]);
        Assert.Equal("l", (await AdmitAsync(redis, Begin + 100, "three", 0, 1001, holder))[3]);
        await SettleAsync(redis, Begin + 200, "one", 0, tokens: 50);

        string[] admitted = await AdmitAsync(redis, Begin + 300, "four", 0, 950, holder);
        Assert.Equal(["A", "0"], [admitted[0], admitted[7]]);
    }

    [RedisTheory]
    [InlineData(31_000, 150)]
    [InlineData(70_000, 50)] // The minute of what it began with is over.
    public async Task TokensPerMinute_GrownAndNotUsed_HaveRoomAtOnce(int settledAfter, int left)
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        (string, string, string, string, string, string, string) holder = ("{t}:limit:key:k", "0", "1000", "0", "0", "0", "");
        Assert.Equal("A", (await AdmitAsync(redis, Begin, "one", 0, 100, holder))[0]);
        Assert.Equal("0 800 1", await EvalAsync(redis, "grow", Begin + 30_000, [Until, Held, Expired], "one", $"{Begin + 31_000}", "0", "800", "0", "0"));

        await SettleAsync(redis, Begin + settledAfter, "one", 0, tokens: 150);

        string[] admitted = await AdmitAsync(redis, Begin + settledAfter, "two", 0, 1000 - left, holder);
        Assert.Equal(["A", "0"], [admitted[0], admitted[7]]);
    }

    [RedisFact]
    public async Task CallWithoutAPlace_WhateverHappensToIt_IsNoneOfThoseThatRun()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        async Task RunningAsync(string n) => Assert.Equal(n, await redis.WordAsync("HGET", "{t}:limit:key:k", "n"));
        Assert.Equal("A", (await AdmitAsync(redis, Begin, "call", 0, 10, ("{t}:limit:key:k", "0", "1000", "2", "0", "0", "")))[0]);

        Assert.Equal("A", (await AdmitAsync(redis, Begin, "use", 0, 100, ("{t}:limit:key:k", "0", "1000", "-1", "0", "0", "")))[0]);
        await RunningAsync("1");
        await EvalAsync(redis, "grow", Begin + 100, [Until, Held, Expired], "use", $"{Begin + 1000}", "0", "200", "0", "0");
        await SettleAsync(redis, Begin + 200, "use", 0, tokens: 40);
        await RunningAsync("1");
        Assert.Equal("950", (await AdmitAsync(redis, Begin + 300, "two", 0, 0, ("{t}:limit:key:k", "0", "1000", "2", "0", "0", "")))[7]);

        await EvalAsync(redis, "adopt", Begin + 400, [Until, Held, Expired, "{t}:told:away", "{t}:limit:key:k"], "away", $"{Lease}", "0", "0", "0", "2", "");
        await RunningAsync("2");
        await EvalAsync(redis, "renew", Begin + 500, [Until, Held, Expired], $"{Lease}", "call", "two");
        await EvalAsync(redis, "renew", Begin + 60_450, [Until, Held, Expired], $"{Lease}");
        await RunningAsync("2");
    }

    [RedisFact]
    public async Task Reserve_ThatComesTooLate_ChangesNothing()
    {
        await using RedisServer redis = await RedisServer.StartAsync();

        string reply = await EvalAsync(redis, "admit", Begin, [Until, Held, Expired, "{t}:limit:key:k"], "late", $"{Begin - 1}", $"{Lease}", "5", "5", "0", "0", "0", "9", "0", "9", "0", "0", "");

        Assert.Equal($"L {Begin}", reply);
        Assert.Equal("0", await redis.WordAsync("EXISTS", "{t}:limit:key:k"));
    }

    [RedisTheory]
    [InlineData("d", 86_400_000)]
    [InlineData("w", 7 * 86_400_000L)]
    [InlineData("m", 31 * 86_400_000L)]
    public async Task Period_ThatBegins_StartsAtNothingAndLateCallsGoToTheirOwn(string letter, long length)
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        (string, string, string, string, string, string, string) holder = ("{t}:limit:key:k", "0", "0", "0", "100", "0", letter);
        Assert.Equal("S", (await AdmitAsync(redis, Begin, "unknown", 1, 0, holder))[0]);
        string first = Period(letter, Begin);
        await EvalAsync(redis, "seed", Begin, ["{t}:limit:key:k"], letter, first[1..], "30", "0", "1", "1000000");
        Assert.Equal("A", (await AdmitAsync(redis, Begin, "old", 70, 0, holder))[0]);
        Assert.Equal(["R", "h"], (await AdmitAsync(redis, Begin, "more", 1, 0, holder)) is var r ? [r[0], r[3]] : []);

        long next = Begin + length;
        Assert.Equal("A", (await AdmitAsync(redis, next, "new", 100, 0, holder))[0]);
        await SettleAsync(redis, next, "old", 65);

        Assert.Equal("95", await redis.WordAsync("HGET", "{t}:limit:key:k", $"u:{first}"));
        Assert.Equal("0", await redis.WordAsync("HGET", "{t}:limit:key:k", $"u:{Period(letter, next)}"));
        Assert.NotEqual("-1", await redis.WordAsync("TTL", "{t}:limit:key:k"));
    }

    [RedisFact]
    public async Task Clock_SetBackFarAndForward_LocksNobodyOut()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        (string, string, string, string, string, string, string) holder = ("{t}:limit:key:k", "2", "0", "0", "0", "0", "");
        long later = Begin + 86_400_000;
        Assert.Equal("A", (await AdmitAsync(redis, later, "one", 0, 0, holder))[0]);
        Assert.Equal("A", (await AdmitAsync(redis, later, "two", 0, 0, holder))[0]);

        Assert.Equal("A", (await AdmitAsync(redis, Begin, "three", 0, 0, holder))[0]);
        Assert.Equal("A", (await AdmitAsync(redis, later, "four", 0, 0, holder))[0]);
    }

    private static void Expire(Dictionary<string, (long Units, long EndsAt)> running, Dictionary<string, long> lost, long now)
    {
        foreach ((string id, (long units, long endsAt)) in running.Where(call => call.Value.EndsAt <= now).ToList())
        {
            running.Remove(id);
            lost[id] = units;
        }
    }

    private static string Period(string letter, long now)
    {
        DateTimeOffset day = DateTimeOffset.FromUnixTimeMilliseconds(now / 86_400_000 * 86_400_000);
        DateTimeOffset start = letter switch
        {
            "d" => day,
            "w" => day.AddDays(-(((int)day.DayOfWeek + 6) % 7)),
            _ => day.AddDays(1 - day.Day),
        };
        return $"{letter}{start.ToUnixTimeSeconds() / 86_400}";
    }
}
