using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>An LLM that keeps failing is left alone, is told of as unhealthy, and comes back by itself.</summary>
public sealed class BreakerTests(BreakerTests.Fixture fixture) : IClassFixture<BreakerTests.Fixture>
{
    private static readonly UpstreamAnswer Broken = Answers.Error(500, "Broken");

    [Fact]
    public async Task LoneLlm_KeepsFailing_IsNotAskedAnyMore()
    {
        fixture.Upstream.On("lone-model", Broken);
        for (int i = 0; i < 3; i++)
        {
            Expect.Error(await fixture.Client.ChatAsync("lone"), 502, "provider_error");
        }

        Reply reply = await fixture.Client.ChatAsync("lone");

        string message = Expect.Error(reply, 503, "no_healthy_provider");
        Assert.Contains("lone", message, StringComparison.Ordinal);
        Assert.InRange(int.Parse(reply.Header("retry-after")!, System.Globalization.CultureInfo.InvariantCulture), 1, 300);
        Assert.Equal(3, fixture.Upstream.CallsFor("lone-model").Count);
        JsonNode health = await HealthAsync("lone");
        Assert.Equal("unhealthy", health["state"]!.ToString());
        Assert.Contains("provider_error", health["reason"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("open", health["breaker"]!["state"]!.ToString());
        Assert.InRange(health["breaker"]!["retry_in_seconds"]!.GetValue<int>(), 1, 300);
        Assert.True(DateTimeOffset.TryParse(health["since"]!.ToString(), System.Globalization.CultureInfo.InvariantCulture, out _));
        string metrics = (await fixture.Client.FetchAsync("/metrics")).Text;
        Assert.Contains("llm_breaker_state{backend=\"custom\",model=\"lone\"} 2", metrics, StringComparison.Ordinal);
        Assert.Contains("llm_breaker_state{backend=\"custom\",model=\"second\"} 0", metrics, StringComparison.Ordinal);
        Assert.Contains("llm_inflight_requests{backend=\"custom\",model=\"lone\"} 0", metrics, StringComparison.Ordinal);
        await fixture.Gateway.Logs.WaitForAsync("breaker of lone");
    }

    [Fact]
    public async Task Chain_FirstIsLeftAlone_TheSecondIsAskedAtOnceAndToldWhy()
    {
        fixture.Upstream.On("first-model", Broken);
        for (int i = 0; i < 3; i++)
        {
            Expect.Ok(await fixture.Client.ChatAsync("pair"));
        }

        Reply reply = await fixture.Client.ChatAsync("pair");

        Expect.Ok(reply);
        Assert.Equal(1, Expect.Attempts(reply));
        Assert.Equal("second", reply.Header("x-llm-model"));
        Assert.Equal("first: no_healthy_provider", reply.Header("x-llm-fallback"));
        Assert.Equal(3, fixture.Upstream.CallsFor("first-model").Count);
    }

    [Fact]
    public async Task Llm_Heals_IsAskedAgain()
    {
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings
        {
            Config = GatewayFixture.Config(new
            {
                Llms = new object[] { new { Name = "healing", Provider = "custom", Model = "healing-model", fixture.Upstream.BaseUrl } },
                Resilience = new { MaxRetries = 0, BreakerFailures = 2, BreakerSeconds = 5 },
            }),
        });
        fixture.Upstream.On("healing-model", Broken);
        await gateway.Client.ChatAsync("healing");
        await gateway.Client.ChatAsync("healing");
        Expect.Error(await gateway.Client.ChatAsync("healing"), 503, "no_healthy_provider");
        fixture.Upstream.On("healing-model", OpenAiAnswers.Default);

        Reply reply = await gateway.Client.ChatAsync("healing");
        for (int i = 0; i < 600 && reply.Status != 200; i++)
        {
            Expect.Error(reply, 503, "no_healthy_provider");
            await Task.Delay(50); // The rest is five seconds of the real clock.
            reply = await gateway.Client.ChatAsync("healing");
        }

        Expect.Ok(reply);
        Assert.Contains("llm_breaker_state{backend=\"custom\",model=\"healing\"} 0", (await gateway.Client.FetchAsync("/metrics")).Text, StringComparison.Ordinal);
        await gateway.Logs.WaitForAsync("breaker of healing (all of it) has closed");
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(429)]
    public async Task Refusals_ThatSayNothingOfTheLlmsHealth_LeaveItAlone(int status)
    {
        fixture.Upstream.On("refusing-model", Answers.Error(status, "No"));
        for (int i = 0; i < 6; i++)
        {
            await fixture.Client.ChatAsync("refusing");
        }

        fixture.Upstream.On("refusing-model", OpenAiAnswers.Default);
        Expect.Ok(await fixture.Client.ChatAsync("refusing"));
    }

    [Fact]
    public async Task Callers_WhoGiveTooLittleTime_CannotHaveAnLlmLeftAlone()
    {
        fixture.Upstream.On("hurried-model", Answers.HangBeforeHeaders);
        for (int i = 0; i < 4; i++)
        {
            Expect.Error(await fixture.Client.ChatAsync("hurried", ("x-llm-timeout-ms", "50")), 504, "provider_timeout");
        }

        fixture.Upstream.On("hurried-model", OpenAiAnswers.Default);
        Expect.Ok(await fixture.Client.ChatAsync("hurried"));
    }

    [Fact]
    public async Task Streams_ThatBreakAfterOutput_CountToo()
    {
        for (int i = 0; i < 3; i++)
        {
            var read = new Gate();
            fixture.Upstream.On("breaking-model", Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("Half a")), Step.Wait(read), Step.Reset));
            await using StreamReply reply = await fixture.Client.StreamChatAsync("breaking");
            await reply.Events.NextDataAsync();
            await reply.Events.NextDataAsync();
            read.Open();
            Assert.Contains("error", (await reply.Events.RestAsync())[^1], StringComparison.Ordinal);
        }

        Expect.Error(await fixture.Client.ChatAsync("breaking"), 503, "no_healthy_provider");
    }

    [Fact]
    public async Task Stream_OnceItsFirstOutputIsThere_TheProbeHasSucceeded()
    {
        var end = new Gate();
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings
        {
            Config = GatewayFixture.Config(new
            {
                Llms = new object[] { new { Name = "slow", Provider = "custom", Model = "slow-model", fixture.Upstream.BaseUrl } },
                Resilience = new { MaxRetries = 0, BreakerFailures = 1, BreakerSeconds = 1 },
            }),
        });
        fixture.Upstream.On("slow-model", Broken);
        await gateway.Client.ChatAsync("slow");
        fixture.Upstream.On("slow-model", Answers.Sse(
            Step.Send(OpenAiAnswers.ContentChunk("Long ")), Step.Wait(end), Step.Send(OpenAiAnswers.ContentChunk("story") + OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.Done)));
        StreamReply probe = await gateway.Client.StreamChatAsync("slow");
        for (int i = 0; i < 100 && probe.Status != 200; i++)
        {
            await probe.DisposeAsync();
            await Task.Delay(50);
            probe = await gateway.Client.StreamChatAsync("slow");
        }

        await probe.Events.NextDataAsync();
        fixture.Upstream.On("slow-model", OpenAiAnswers.Default);
        Expect.Ok(await gateway.Client.ChatAsync("slow")); // While the probe's stream still runs.
        end.Open();
        await probe.Events.RestAsync();
        await probe.DisposeAsync();
    }

    [Fact]
    public async Task Replica_KeepsFailing_IsNotPickedWhileItsSiblingAnswers()
    {
        fixture.Upstream.On("replicated-model", Broken);
        for (int i = 0; i < 30; i++)
        {
            Expect.Ok(await fixture.Client.ChatAsync("replicated"));
        }

        Assert.Equal(3, fixture.Upstream.CallsFor("replicated-model").Count);
        JsonNode health = await HealthAsync("replicated");
        Assert.Equal("healthy", health["state"]!.ToString());
        Assert.Equal("closed", health["breaker"]!["state"]!.ToString());
        Assert.Single(health["replicas"]!.AsArray(), r => r!["breaker"]!["state"]!.ToString() == "open");
    }

    [Fact]
    public async Task Health_AfterOneFailure_IsDegradedUntilItAnswers()
    {
        fixture.Upstream.Once("seen-model", Broken);
        await fixture.Client.ChatAsync("seen");
        JsonNode failed = await HealthAsync("seen");
        Expect.Ok(await fixture.Client.ChatAsync("seen"));
        JsonNode healed = await HealthAsync("seen");

        Assert.Equal("degraded", failed["state"]!.ToString());
        Assert.Equal("provider_error", failed["last_error"]!["code"]!.ToString());
        Assert.Equal("healthy", healed["state"]!.ToString());
        Assert.True(healed["latency_ms"]!.GetValue<double>() > 0);
    }

    [Fact]
    public async Task RateHeaders_OfTheVendor_AreItsHeadroom()
    {
        fixture.Upstream.On("nearly-model", Answers.Json(
            OpenAiAnswers.ChatJson("Hi"), 200, ("x-ratelimit-limit-requests", "100"), ("x-ratelimit-remaining-requests", "5"), ("x-ratelimit-reset-requests", "6m0s")));

        Assert.Equal(1, (await HealthAsync("nearly"))["headroom"]!.GetValue<double>());
        Expect.Ok(await fixture.Client.ChatAsync("nearly"));

        Assert.Equal(0.05, (await HealthAsync("nearly"))["headroom"]!.GetValue<double>(), 6);
    }

    private async Task<JsonNode> HealthAsync(string llm) =>
        (await fixture.Client.FetchAsync("/health/providers")).Json["providers"]!.AsArray().Single(p => p!["name"]!.ToString() == llm)!;

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "lone", Provider = "custom", Model = "lone-model", Upstream.BaseUrl },
                    new { Name = "first", Provider = "custom", Model = "first-model", Upstream.BaseUrl },
                    new { Name = "second", Provider = "custom", Model = "second-model", Other.BaseUrl },
                    new { Name = "refusing", Provider = "custom", Model = "refusing-model", Upstream.BaseUrl },
                    new { Name = "hurried", Provider = "custom", Model = "hurried-model", Upstream.BaseUrl },
                    new { Name = "breaking", Provider = "custom", Model = "breaking-model", Upstream.BaseUrl },
                    new { Name = "seen", Provider = "custom", Model = "seen-model", Upstream.BaseUrl },
                    new { Name = "nearly", Provider = "custom", Model = "nearly-model", Upstream.BaseUrl },
                    new { Name = "replicated", Provider = "custom", Model = "replicated-model", Destinations = new[] { Upstream.BaseUrl, Other.BaseUrl } },
                },
                Chains = new { pair = new[] { "first", "second" } },
                Routing = new { ReplicaPolicy = "round_robin" },
                Resilience = new { MaxRetries = 0, BreakerFailures = 3, BreakerSeconds = 300 },
            }),
        };
    }
}
