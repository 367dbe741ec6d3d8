using System.Globalization;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Faults;

/// <summary>An LLM that fails is left alone, asked once after its rest, and used again when that goes well.</summary>
public sealed class BreakerTests(BreakerTests.Fixture fixture) : IClassFixture<BreakerTests.Fixture>
{
    private const int Failures = 3;

    [Fact]
    public async Task LoneLlm_AfterItsFailures_IsLeftAloneAndTheCallerToldHowLong()
    {
        fixture.Upstream.On("lone", Answers.Error(500, "Broken"));
        await FailAsync("lone");

        Reply reply = await fixture.Client.ChatAsync("lone");

        Expect.Error(reply, 503, "no_healthy_provider");
        Assert.InRange(int.Parse(reply.Header("retry-after")!, CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal(Failures, fixture.Upstream.CallsFor("lone").Count);
        JsonNode health = await HealthAsync("lone");
        Assert.Equal("unhealthy", health["state"]!.ToString());
        Assert.Equal("open", health["breaker"]!["state"]!.ToString());
        Reply metrics = await fixture.Client.FetchAsync("/metrics");
        Assert.Contains("""llm_breaker_state{backend="custom",model="lone"} 2""", metrics.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chain_FirstIsLeftAlone_SecondAnswersAtOnceAndSaysWhy()
    {
        fixture.Upstream.On("first", Answers.Error(503, "Overloaded"));
        for (int i = 0; i < Failures; i++)
        {
            Reply failedOver = await fixture.Client.ChatAsync("pair");
            Assert.Equal(2, Expect.Attempts(failedOver));
        }

        Reply reply = await fixture.Client.ChatAsync("pair");

        Expect.Ok(reply);
        Assert.Equal(1, Expect.Attempts(reply));
        Assert.Equal("second", reply.Header("x-llm-model"));
        Assert.Contains("first", reply.Header("x-llm-fallback"), StringComparison.Ordinal);
        Assert.Equal(Failures, fixture.Upstream.CallsFor("first").Count);
    }

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

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(422)]
    [InlineData(429)]
    public async Task RefusalThatRestingDoesNotMend_IsAskedEachTime(int status)
    {
        string model = $"refuses-{status}";
        fixture.Upstream.On(model, Answers.Error(status, "No"));
        for (int i = 0; i < Failures * 3; i++)
        {
            await fixture.Client.ChatAsync(model);
        }

        Assert.Equal(Failures * 3, fixture.Upstream.CallsFor(model).Count);
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
    public async Task StreamsThatBreakAfterOutput_OpenIt()
    {
        fixture.Upstream.On("breaks-streams", Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("words")), Step.Break));
        // Each stream's first output was a success, too: half of what was seen is bad.
        for (int i = 0; i < Failures; i++)
        {
            await using StreamReply reply = await fixture.Client.StreamChatAsync("breaks-streams");
            Expect.Error((await reply.Events.RestAsync())[^1], 502, "provider_error");
        }

        Expect.Error(await fixture.Client.ChatAsync("breaks-streams"), 503, "no_healthy_provider");
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

    [Fact]
    public async Task Replica_ThatFails_IsLeftAloneWhileItsSiblingsWork()
    {
        fixture.Upstream.On("replicated", Answers.Error(500, "Broken"));
        for (int i = 0; i < 30; i++)
        {
            Expect.Ok(await fixture.Client.ChatAsync("replicated")); // The sibling is asked at once.
        }

        Assert.InRange(fixture.Upstream.CallsFor("replicated").Count, Failures, Failures + 1); // A probe, where this took long.
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
            string[] names = ["lone", "probed", "still-broken", "first", "shaky", "breaks-streams", "left", "refuses-400", "refuses-401", "refuses-404", "refuses-422", "refuses-429"];
            return new GatewaySettings
            {
                Config = Config(new
                {
                    Llms = new object[]
                    {
                        new { Name = "second", Provider = "custom", Model = "second", Other.BaseUrl },
                        new { Name = "replicated", Provider = "custom", Model = "replicated", Destinations = new[] { Upstream.BaseUrl, Other.BaseUrl } },
                    }.Concat(names.Select(name => (object)new { Name = name, Provider = "custom", Model = name, Upstream.BaseUrl })),
                    Chains = new Dictionary<string, string[]> { ["pair"] = ["first", "second"] },
                    Routing = new { ReplicaPolicy = "round_robin" },
                    Resilience = new { MaxRetries = 0, BreakerFailures = Failures, BreakerSeconds = 3 },
                }),
            };
        }
    }
}
