using System.Diagnostics;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>A known answer is given only while its LLM is what it was: what a reload changes is asked anew.</summary>
public sealed class CacheReloadTests : IAsyncLifetime
{
    private const string Stream = "\"stream\":true";
    private static readonly string[] Changed = ["model", "provider", "address", "replicas", "config", "version", "alias"];
    private static readonly string[] Untouched = ["priority", "key"];
    private ScriptedUpstream _upstream = null!;
    private ScriptedUpstream _other = null!;

    public async Task InitializeAsync()
    {
        _upstream = await ScriptedUpstream.StartAsync();
        _other = await ScriptedUpstream.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _upstream.DisposeAsync();
        await _other.DisposeAsync();
    }

    [Fact]
    public async Task KnownAnswer_OfAnLlmThatIsAnotherNow_IsNotGiven()
    {
        await using GatewayProcess gateway = await StartAsync();
        foreach (string name in (string[])[.. Changed, .. Untouched])
        {
            Assert.Equal((name, "miss"), (name, await CacheOf(gateway, name)));
            Assert.Equal((name, "hit"), (name, await CacheOf(gateway, name)));
        }

        await ReloadAsync(gateway);

        foreach (string name in Changed)
        {
            Assert.Equal((name, "miss"), (name, await CacheOf(gateway, name)));
            Assert.Equal((name, "hit"), (name, await CacheOf(gateway, name)));
        }

        foreach (string name in Untouched)
        {
            Assert.Equal((name, "hit"), (name, await CacheOf(gateway, name)));
        }
    }

    [Fact]
    public async Task CallUnderWay_AtAnLlmThatIsAnotherNow_IsNotFollowed()
    {
        await using GatewayProcess gateway = await StartAsync();
        var gate = new Gate();
        _upstream.On("model-0", Answers.Sse(
            Step.Send(OpenAiAnswers.ContentChunk("before")), Step.Wait(gate),
            Step.Send(OpenAiAnswers.ContentChunk(" after") + OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.Done)));
        await using StreamReply leader = await gateway.Client.StreamChatAsync("model");
        string? first = await leader.Events.NextDataAsync();

        await ReloadAsync(gateway);
        Task<Reply> second = gateway.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("model", Stream));
        await _upstream.CallAsync("model-1");
        gate.Open();

        Assert.DoesNotContain("before", (await second).Text, StringComparison.Ordinal);
        Expect.WholeStream([first!, .. await leader.Events.RestAsync()], "before after");
    }

    private static async Task<string?> CacheOf(GatewayProcess gateway, string model)
    {
        Reply reply = await gateway.Client.ChatAsync(model);
        Expect.Ok(reply);
        return reply.Header("x-llm-cache");
    }

    private Task<GatewayProcess> StartAsync() => GatewayProcess.StartAsync(new GatewaySettings { Config = Config(isAfter: false) });

    private async Task ReloadAsync(GatewayProcess gateway)
    {
        await gateway.WriteConfigAsync(Config(isAfter: true));
        long begin = Stopwatch.GetTimestamp();
        while ((await gateway.Client.ChatAsync("new")).Status != 200)
        {
            Assert.True(Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(10), "The edit was not taken over.");
            await Task.Delay(20);
        }
    }

    private string Config(bool isAfter)
    {
        string now = _upstream.BaseUrl;
        string then = isAfter ? _other.BaseUrl : now;
        List<object> llms =
        [
            new { Name = "model", Provider = "custom", Model = isAfter ? "model-1" : "model-0", BaseUrl = now },
            new { Name = "provider", Provider = isAfter ? "openai" : "custom", Model = "m", BaseUrl = now, Auth = new { api_key = "sk-vendor" } },
            new { Name = "address", Provider = "custom", Model = "m", BaseUrl = then },
            new { Name = "replicas", Provider = "custom", Model = "m", Destinations = isAfter ? [now, then] : new[] { now } },
            new { Name = "config", Provider = "custom", Model = "m", BaseUrl = now, Config = new { temperature = isAfter ? 0.9 : 0.1 } },
            new { Name = "version", Provider = "azure", Model = "m", BaseUrl = _upstream.Address, Auth = new { api_key = "sk-vendor", deployment = isAfter ? "d-1" : "d-0" } },
            new { Name = "priority", Provider = "custom", Model = "m", BaseUrl = now, Priority = isAfter ? 5 : 6 },
            new { Name = "key", Provider = "custom", Model = "m", BaseUrl = now, Auth = new { api_key = isAfter ? "sk-after" : "sk-before" } },
            new { Name = "any", Provider = "custom", Model = "*", BaseUrl = now, Priority = 900 },
        ];
        if (isAfter)
        {
            llms.Add(new { Name = "new", Provider = "custom", Model = "new-model", BaseUrl = now });
        }

        return GatewayFixture.Config(new
        {
            Llms = llms,
            Aliases = new { alias = isAfter ? "custom/large" : "custom/small" },
            Cache = new { Enabled = true },
            Resilience = new { MaxRetries = 0 },
        });
    }
}
