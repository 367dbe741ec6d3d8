using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Faults;

/// <summary>What opens a breaker and what does not, and the one probe after its rest.</summary>
public sealed class BreakerRuleTests(BreakerRuleTests.Fixture fixture) : IClassFixture<BreakerRuleTests.Fixture>
{
    private const int Failures = 3;

    [Fact]
    public async Task AfterItsRest_OneCallProbes_AndTheOthersWaitForWhatItShows()
    {
        fixture.Upstream.On("probed", Answers.Error(500, "Broken"));
        await FailAsync("probed");
        var gate = new Gate();
        fixture.Upstream.On("probed", Answers.After(gate, OpenAiAnswers.Default));

        Task<Reply> probe = await NextProbeAsync("probed", gate);
        Expect.Error(await fixture.Client.ChatAsync("probed"), 503, "no_healthy_provider"); // One probe, not a stampede.
        Assert.Equal("half_open", (await HealthAsync("probed"))["breaker"]!["state"]!.ToString());
        gate.Open();
        Expect.Ok(await probe);

        Expect.Ok(await fixture.Client.ChatAsync("probed"));
        Assert.Equal("closed", (await HealthAsync("probed"))["breaker"]!["state"]!.ToString());
    }

    [Fact]
    public async Task ProbeThatFails_OpensItAgain()
    {
        fixture.Upstream.On("still-broken", Answers.Error(500, "Broken"));
        await FailAsync("still-broken");
        var gate = new Gate();
        fixture.Upstream.On("still-broken", Answers.After(gate, Answers.Error(500, "Still broken")));

        Task<Reply> probe = await NextProbeAsync("still-broken", gate);
        gate.Open();
        Expect.Error(await probe, 502, "provider_error");

        Expect.Error(await fixture.Client.ChatAsync("still-broken"), 503, "no_healthy_provider");
    }

    [Fact]
    public async Task FailuresThatAreFewerThanHalf_DoNotOpenIt()
    {
        fixture.Upstream.On("shaky", OpenAiAnswers.Default);
        for (int i = 0; i < Failures * 2; i++)
        {
            Expect.Ok(await fixture.Client.ChatAsync("shaky"));
            Expect.Ok(await fixture.Client.ChatAsync("shaky"));
            fixture.Upstream.Once("shaky", Answers.Error(500, "Hiccup"));
            Expect.Error(await fixture.Client.ChatAsync("shaky"), 502, "provider_error");
        }
    }

    [Fact]
    public async Task ClientsThatLeave_DoNotOpenIt()
    {
        fixture.Upstream.On("left", Answers.HangBeforeHeaders);
        for (int i = 0; i < Failures * 2; i++)
        {
            int before = fixture.Upstream.CallsFor("left").Count;
            await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
            await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("left"));
            UpstreamCall call = await fixture.Upstream.CallAsync(c => c.Model == "left" && fixture.Upstream.CallsFor("left").Count > before && !c.IsAborted);
            client.Reset();
            await call.Aborted;
        }

        fixture.Upstream.On("left", OpenAiAnswers.Default);
        Expect.Ok(await fixture.Client.ChatAsync("left"));
    }

    private async Task FailAsync(string llm)
    {
        for (int i = 0; i < Failures; i++)
        {
            Expect.Error(await fixture.Client.ChatAsync(llm), 502, "provider_error");
        }
    }

    /// <summary>Asks until its rest is over and a call has come to the gate; that call goes on.</summary>
    private async Task<Task<Reply>> NextProbeAsync(string llm, Gate gate)
    {
        while (true)
        {
            Task<Reply> call = fixture.Client.ChatAsync(llm);
            if (await Task.WhenAny(call, gate.Reached) != call)
            {
                return call;
            }

            Expect.Error(await call, 503, "no_healthy_provider");
        }
    }

    private async Task<JsonNode> HealthAsync(string llm)
    {
        Reply health = await fixture.Client.FetchAsync("/health/providers");
        return health.Json["providers"]!.AsArray().Single(p => p!["name"]!.ToString() == llm)!;
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings()
        {
            string[] names = ["probed", "still-broken", "shaky", "left"];
            return new GatewaySettings
            {
                Config = Config(new
                {
                    Llms = names.Select(name => new { Name = name, Provider = "custom", Model = name, Upstream.BaseUrl }),
                    Resilience = new { MaxRetries = 0, BreakerFailures = Failures, BreakerSeconds = 5 },
                }),
            };
        }
    }
}
