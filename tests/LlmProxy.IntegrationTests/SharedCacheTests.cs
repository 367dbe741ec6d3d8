using LlmProxy.TestKit;
using LlmProxy.TestKit.OpenAiSchema;

namespace LlmProxy.IntegrationTests;

/// <summary>Replicas that share their answers through Redis, and go on by themselves when it is away or holds something else.</summary>
public sealed class SharedCacheTests
{
    /// <summary>On a machine that is busy with other tests a healthy Redis may be silent for longer than an operator would allow it.</summary>
    private const int Patient = 8000;

    [RedisFact]
    public async Task Answer_OfOneReplica_IsKnownToTheOther()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
        upstream.Otherwise(OpenAiAnswers.Chat(new string('a', 5000)));
        await using GatewayProcess first = await StartAsync(upstream, redis.Address);
        await using GatewayProcess second = await StartAsync(upstream, redis.Address);
        await first.Client.ChatAsync("custom/m");
        string name = await StoredAsync(redis);

        Reply plain = await second.Client.ChatAsync("custom/m");
        Reply stream = await second.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/m", "\"stream\":true"));

        Assert.Equal("hit", plain.Header("x-llm-cache"));
        Assert.Equal(new string('a', 5000), plain.Content);
        Assert.NotNull(plain.Header("age"));
        Assert.Equal("hit", stream.Header("x-llm-cache"));
        Assert.Empty(ChatAccumulator.Stream(ChatAccumulator.DataOf(stream.Text), askedForUsage: false).Problems);
        Assert.Single(upstream.CallsFor("m"));
        Assert.StartsWith("{llmproxy}:cache:", name, StringComparison.Ordinal);
        Assert.InRange(int.Parse(Number(await redis.SendAsync("TTL", name)), System.Globalization.CultureInfo.InvariantCulture), 3500, 3600);
        Assert.InRange(int.Parse(Number(await redis.SendAsync("STRLEN", name)), System.Globalization.CultureInfo.InvariantCulture), 50, 2000);
    }

    [RedisFact]
    public async Task Garbage_UnderOurNames_IsAMiss()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
        string name;
        await using (GatewayProcess first = await StartAsync(upstream, redis.Address))
        {
            await first.Client.ChatAsync("custom/m");
            name = await StoredAsync(redis);
        }

        await using GatewayProcess second = await StartAsync(upstream, redis.Address);
        await redis.SendAsync("SET", name, "something else");
        Assert.Equal(("miss", OpenAiAnswers.Text), Of(await second.Client.ChatAsync("custom/m")));

        await redis.SendAsync("DEL", name);
        await redis.SendAsync("LPUSH", name, "a list");
        Assert.Equal(OpenAiAnswers.Text, (await second.Client.ChatAsync("custom/m", ("x-llm-cache", "refresh"))).Content);
        Assert.Equal(("hit", OpenAiAnswers.Text), Of(await second.Client.ChatAsync("custom/m")));
    }

    [RedisFact]
    public async Task Redis_HungOrAway_IsAsIfItKnewNothing()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
        await using GatewayProcess gateway = await StartAsync(upstream, redis.Address, timeoutMs: 40);
        redis.Hang();

        Reply[] replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => gateway.Client.ChatAsync($"custom/m{i % 10}")));
        Reply again = await gateway.Client.ChatAsync("custom/m1");
        redis.Continue();

        Assert.All(replies, Expect.Ok);
        Assert.Equal("hit", again.Header("x-llm-cache"));
        Assert.Equal(10, upstream.Calls.Count);
    }

    private static (string?, string?) Of(Reply reply) => (reply.Header("x-llm-cache"), reply.Content);

    private static string Number(string reply) => reply.Trim().TrimStart(':');

    /// <summary>The name of the one answer there is; nobody waits for it to be written, so this does.</summary>
    private static async Task<string> StoredAsync(RedisServer redis)
    {
        for (int i = 0; i < 500; i++)
        {
            string keys = await redis.SendAsync("KEYS", "*:cache:*");
            if (keys.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(line => line.Contains(":cache:", StringComparison.Ordinal)) is { } name)
            {
                return name;
            }

            await Task.Delay(10);
        }

        throw new TimeoutException("Nothing was stored.");
    }

    private static async Task<GatewayProcess> StartAsync(ScriptedUpstream upstream, string redis, int timeoutMs = Patient)
    {
        GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings
        {
            Config = GatewayFixture.Config(new
            {
                Llms = new object[] { new { Name = "up", Provider = "custom", Model = "*", upstream.BaseUrl } },
                Cache = new { Enabled = true },
                Redis = new { Connection = redis, TimeoutMs = timeoutMs },
                Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
            }),
        });
        await gateway.Logs.WaitForAsync("Redis is there");
        return gateway;
    }
}
