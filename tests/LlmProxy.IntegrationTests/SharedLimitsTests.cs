using System.Collections.Concurrent;
using System.Text.Json;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Several replicas on one Redis: limits and budgets count once for all, and a Redis that goes away costs no call.</summary>
public sealed class SharedLimitsTests
{
    private const string Up = "Redis is there";
    private const string Away = "Redis cannot be used";

    // Five tokens out, and nothing for those that go in: what each answer of the upstream costs is what is reserved for it.
    private const double CostOfOne = 5 * 200 / 1e6;

    [RedisFact]
    public async Task RequestsPerMinute_OverTwoReplicas_IsOneLimit()
    {
        await using Replicas two = await Replicas.StartAsync(key: new { RequestsPerMinute = 12 });

        List<Reply> replies = await two.AtOnceAsync(40);

        Assert.Equal(12, replies.Count(reply => reply.Status == 200));
        Assert.All(replies.Where(reply => reply.Status != 200), reply =>
        {
            Expect.Error(reply, 429, "rate_limit_exceeded");
            Assert.InRange(int.Parse(reply.Header("retry-after")!, System.Globalization.CultureInfo.InvariantCulture), 1, 61);
        });
        Assert.Equal(Enumerable.Range(0, 12), replies.Where(reply => reply.Status == 200).Select(reply => int.Parse(reply.Header("x-ratelimit-remaining-requests")!, System.Globalization.CultureInfo.InvariantCulture)).Order());
    }

    [RedisFact]
    public async Task MaxParallel_OverTwoReplicas_IsOneLimit()
    {
        await using Replicas two = await Replicas.StartAsync(workspace: new { Name = "team", MaxParallel = 3 });
        var gate = new Gate();
        two.Upstream.Otherwise(Answers.After(gate, OpenAiAnswers.Default));

        List<Task<Reply>> all = [.. Enumerable.Range(0, 9).Select(i => two.Gateways[i % 2].Client.ChatAsync("main", ("x-api-key", Replicas.Key)))];
        await two.Redis.UntilAsync(async () => (await two.Redis.WordAsync("ZCARD", "{test}:until")) == "3");
        List<Task<Reply>> refused = [.. Enumerable.Range(0, 2).Select(i => two.Gateways[i].Client.ChatAsync("main", ("x-api-key", Replicas.Key)))];
        foreach (Reply reply in await Task.WhenAll(refused))
        {
            Expect.Error(reply, 429, "too_many_parallel_requests");
        }

        await two.Redis.UntilAsync(() => Task.FromResult(all.Count(call => call.IsCompleted) == 6)); // Else a late one would find a place that was given back.
        gate.Open();
        Assert.Equal(3, (await Task.WhenAll(all)).Count(reply => reply.Status == 200));
        await two.Redis.UntilAsync(async () => (await two.Redis.WordAsync("ZCARD", "{test}:until")) == "0");
        Expect.Ok(await two.Gateways[1].Client.ChatAsync("main", ("x-api-key", Replicas.Key)));
    }

    [RedisFact]
    public async Task LimitsOfLlms_OverTwoReplicas_AreOneLimitAlsoForTheNext()
    {
        await using Replicas two = await Replicas.StartAsync(llms: upstream =>
        [
            new { Name = "main", Provider = "custom", Model = "first", upstream.BaseUrl, RequestsPerMinute = 5, Fallbacks = new[] { "spare" } },
            new { Name = "spare", Provider = "custom", Model = "second", upstream.BaseUrl, RequestsPerMinute = 4 },
        ]);

        List<Reply> replies = await two.AtOnceAsync(20);

        Assert.Equal((5, 4), (two.Upstream.CallsFor("first").Count, two.Upstream.CallsFor("second").Count));
        Assert.Equal(9, replies.Count(reply => reply.Status == 200));
        Assert.Equal(11, replies.Count(reply => reply.Status == 429));
    }

    [RedisFact]
    public async Task Budget_OverTwoReplicas_IsNeverPassedAndHoldsReturn()
    {
        await using Replicas two = await Replicas.StartAsync(key: new { BudgetUsd = CostOfOne * 20, BudgetPeriod = "day" });

        List<Reply> replies = await two.AtOnceAsync(80);

        int served = replies.Count(reply => reply.Status == 200);
        Assert.Equal(20, served);
        Assert.All(replies.Where(reply => reply.Status != 200), reply => Expect.Error(reply, 429, "insufficient_quota"));
        string key = "{test}:limit:key:caller";
        await two.Redis.UntilAsync(async () => !(await two.Redis.SendAsync("HGETALL", key)).Contains("hu:", StringComparison.Ordinal));
        string[] all = (await two.Redis.SendAsync("HGETALL", key)).Split("\r\n");
        string period = all.Single(word => word.StartsWith("u:d", StringComparison.Ordinal));
        Assert.Equal(Units(served * CostOfOne), await two.Redis.WordAsync("HGET", key, period));
        Assert.Equal("0", await two.Redis.WordAsync("ZCARD", "{test}:until"));
        Assert.DoesNotContain("n", all);
    }

    [RedisFact]
    public async Task Redis_KilledOrHung_CostsNoCall()
    {
        await using Replicas two = await Replicas.StartAsync(key: new { RequestsPerMinute = 100_000, MaxParallel = 1000, BudgetUsd = 1000 }, timeoutMs: 40);
        Assert.All(await two.AtOnceAsync(4), reply => Expect.Ok(reply));

        two.Redis.Hang();
        Assert.All(await two.AtOnceAsync(20), reply => Expect.Ok(reply));
        two.Redis.Continue();
        Assert.All(await two.AtOnceAsync(4), reply => Expect.Ok(reply));

        await two.Redis.KillAsync();
        Assert.All(await two.AtOnceAsync(20), reply => Expect.Ok(reply));
        await two.Redis.ResumeAsync();
        Assert.All(await two.AtOnceAsync(4), reply => Expect.Ok(reply));
    }

    [RedisFact]
    public async Task Budget_SpentWhileRedisWasAway_IsToldWhenItIsBack()
    {
        await using Replicas two = await Replicas.StartAsync(key: new { BudgetUsd = 1000, BudgetPeriod = "total" }, timeoutMs: 500);
        Assert.All(await two.AtOnceAsync(4), reply => Expect.Ok(reply));

        two.Redis.Hang();
        await two.SaidAsync(Away, times: 1);
        Assert.All(await two.AtOnceAsync(6), reply => Expect.Ok(reply));
        two.Redis.Continue();

        await two.Redis.UntilAsync(async () => await two.Redis.WordAsync("HGET", "{test}:limit:key:caller", "u:t0") == Units(10 * CostOfOne));
    }

    [RedisFact]
    public async Task Redis_AwayWithRefuse_Is503AndServesAgainAfter()
    {
        await using Replicas two = await Replicas.StartAsync(key: new { MaxParallel = 100 }, limits: new { WhenStoreIsDown = "refuse" });
        Assert.All(await two.AtOnceAsync(4), reply => Expect.Ok(reply));

        await two.Redis.KillAsync();
        foreach (Reply reply in await two.AtOnceAsync(4))
        {
            Assert.Equal(503, reply.Status);
            Assert.Contains("Redis", reply.Json["error"]!["message"]!.ToString(), StringComparison.Ordinal);
            Assert.NotNull(reply.Header("retry-after"));
        }

        await two.Redis.ResumeAsync();
        await two.SaidAsync(Up, times: 2);
        Assert.All(await two.AtOnceAsync(4), reply => Expect.Ok(reply));
    }

    [RedisFact]
    public async Task Redis_WithAnothersDataUnderOurNames_CostsNoCallAndIsNamed()
    {
        await using Replicas two = await Replicas.StartAsync(key: new { RequestsPerMinute = 1000 });
        await two.Redis.SendAsync("SET", "{test}:limit:key:caller", "not ours");

        Assert.All(await two.AtOnceAsync(6), reply => Expect.Ok(reply));

        Assert.Contains("another program's data", await two.SaidAsync(Away, times: 1), StringComparison.Ordinal);
        Assert.Equal("not ours", await two.Redis.WordAsync("GET", "{test}:limit:key:caller"));
    }

    [RedisFact]
    public async Task Redis_OutOfMemory_CostsNoCall()
    {
        await using Replicas two = await Replicas.StartAsync(key: new { RequestsPerMinute = 1000, BudgetUsd = 10 });
        Assert.All(await two.AtOnceAsync(2), reply => Expect.Ok(reply));
        await two.Redis.SendAsync("CONFIG", "SET", "maxmemory", "1mb");

        Assert.All(await two.AtOnceAsync(6), reply => Expect.Ok(reply));
        Assert.Contains("out of memory", await two.SaidAsync(Away, times: 1), StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Redis_Emptied_IsToldAgainWhatWasSpent()
    {
        await using Replicas two = await Replicas.StartAsync(key: new { BudgetUsd = CostOfOne * 1000, BudgetPeriod = "total" });
        Assert.All(await two.AtOnceAsync(6), reply => Expect.Ok(reply));
        string spent = Units(6 * CostOfOne);
        await two.Redis.UntilAsync(async () => await two.Redis.WordAsync("HGET", "{test}:limit:key:caller", "u:t0") == spent);
        Expect.Ok(await two.Gateways[0].Client.ChatAsync("main", ("x-api-key", Replicas.Key))); // Its reply tells this replica of the six.

        await two.Redis.SendAsync("FLUSHALL");
        Expect.Ok(await two.Gateways[0].Client.ChatAsync("main", ("x-api-key", Replicas.Key)));

        await two.Redis.UntilAsync(async () => long.Parse(await two.Redis.WordAsync("HGET", "{test}:limit:key:caller", "u:t0"), System.Globalization.CultureInfo.InvariantCulture) >= long.Parse(Units(7 * CostOfOne), System.Globalization.CultureInfo.InvariantCulture));
    }

    [RedisFact]
    public async Task EveryNameInRedis_HasTheTagAndALife()
    {
        await using Replicas two = await Replicas.StartAsync(
            key: new { RequestsPerMinute = 1000, TokensPerMinute = 1_000_000, MaxParallel = 100, PerUserRequestsPerMinute = 100, BudgetUsd = 10, BudgetTokens = 100_000_000 },
            workspace: new { Name = "team", MaxParallel = 50, BudgetUsd = 10, BudgetPeriod = "week" });
        Assert.All(await two.AtOnceAsync(6), reply => Expect.Ok(reply));

        string[] names = [.. (await two.Redis.SendAsync("KEYS", "*")).Split("\r\n").Where(word => word.Contains(':', StringComparison.Ordinal))];
        Assert.NotEmpty(names);
        foreach (string name in names)
        {
            Assert.StartsWith("{test}:", name, StringComparison.Ordinal);
            Assert.NotEqual("-1", await two.Redis.WordAsync("TTL", name));
        }
    }

    private static string Units(double usd) => ((long)Math.Round(usd * 1e10)).ToString(System.Globalization.CultureInfo.InvariantCulture);

    internal sealed record Replicas(RedisServer Redis, ScriptedUpstream Upstream, GatewayProcess[] Gateways) : IAsyncDisposable
    {
        /// <summary>On a machine that is busy with other tests a healthy Redis may be silent for longer than an operator would allow it.</summary>
        private const int Patient = 8000;

        public const string Key = "sk-shared-caller-0123456789";

        /// <summary>Two gateways on a Redis of their own, and an upstream with prices.</summary>
        public static async Task<Replicas> StartAsync(object? key = null, object? workspace = null, object? limits = null, Func<ScriptedUpstream, object[]>? llms = null, int timeoutMs = Patient)
        {
            RedisServer redis = await RedisServer.StartAsync();
            ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
            Dictionary<string, object?> caller = new() { ["Name"] = "caller", ["Key"] = Key, ["Workspace"] = "team" };
            foreach (System.Reflection.PropertyInfo property in (key ?? new { }).GetType().GetProperties())
            {
                caller[property.Name] = property.GetValue(key);
            }

            string config = JsonSerializer.Serialize(new
            {
                LlmProxy = new
                {
                    Llms = llms?.Invoke(upstream) ?? new object[] { new { Name = "main", Provider = "custom", Model = "m", upstream.BaseUrl, InputPricePerMillion = 0, OutputPricePerMillion = 200, CachedInputPricePerMillion = 0, MaxOutputTokens = 5 } },
                    Keys = new object[] { caller },
                    Workspaces = new[] { workspace ?? new { Name = "team" } },
                    Limits = limits ?? new { },
                    Redis = new { Connection = redis.Address, Prefix = "test", TimeoutMs = timeoutMs },
                },
            });
            GatewayProcess[] gateways = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => GatewayProcess.StartAsync(new GatewaySettings { Config = config })));
            var replicas = new Replicas(redis, upstream, gateways);
            await replicas.SaidAsync(Up, times: 1);
            return replicas;
        }

        /// <summary>So many calls together, spread over the gateways.</summary>
        public async Task<List<Reply>> AtOnceAsync(int calls) =>
            [.. await Task.WhenAll(Enumerable.Range(0, calls).Select(i => Gateways[i % Gateways.Length].Client.ChatAsync("main", ("x-api-key", Replicas.Key))))];

        /// <summary>Waits until every gateway has said it so often.</summary>
        public async Task<string> SaidAsync(string text, int times)
        {
            string[] lines = await Task.WhenAll(Gateways.Select(gateway => gateway.Logs.WaitForAsync(
                line => line.Contains(text, StringComparison.Ordinal) && gateway.Logs.Lines.Count(l => l.Contains(text, StringComparison.Ordinal)) >= times)));
            return lines[0];
        }

        public async ValueTask DisposeAsync()
        {
            foreach (GatewayProcess gateway in Gateways)
            {
                await gateway.DisposeAsync();
            }

            await Upstream.DisposeAsync();
            await Redis.DisposeAsync();
        }
    }
}

/// <summary>Looks into Redis while gateways use it.</summary>
internal static class RedisLooks
{
    /// <summary>The reply's one word; empty where there is none.</summary>
    public static async Task<string> WordAsync(this RedisServer redis, params string[] command)
    {
        string reply = await redis.SendAsync(command);
        string[] lines = reply.Split("\r\n");
        return lines[0][0] switch
        {
            ':' or '+' => lines[0][1..],
            '$' when lines[0] == "$-1" => "",
            '$' => lines[1],
            _ => throw new InvalidOperationException(reply),
        };
    }

    public static async Task UntilAsync(this RedisServer redis, Func<Task<bool>> isSo)
    {
        for (int i = 0; i < 400; i++)
        {
            if (await isSo())
            {
                return;
            }

            await Task.Delay(25);
        }

        throw new TimeoutException($"It did not become so. Redis holds:\n{await redis.SendAsync("KEYS", "*")}");
    }
}
