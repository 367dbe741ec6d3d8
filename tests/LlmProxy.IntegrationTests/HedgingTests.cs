using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>A slow LLM gets the next one beside it; the first with output answers, the other is stopped, and both are told of.</summary>
public sealed class HedgingTests(HedgingTests.Fixture fixture) : IClassFixture<HedgingTests.Fixture>
{
    private static readonly UpstreamAnswer Fails = Answers.Error(503, "Overloaded");

    [Theory]
    [InlineData("a", true)]
    [InlineData("b", false)]
    public async Task First_IsSilent_SecondAnswersAndTheFirstIsResetOnItsSocket(string chain, bool isStream)
    {
        fixture.Upstream.On(chain + "-slow", isStream ? Answers.HangBeforeFirstToken : Answers.HangBeforeHeaders);

        int logged = fixture.Gateway.Logs.Count;
        (string? model, string? attempts, string? fallback) = await AnswerAsync(chain, isStream);

        Assert.Equal((chain + "-fast", "2", $"{chain}-slow: hedge"), (model, attempts, fallback));
        await (await fixture.Upstream.CallAsync(chain + "-slow")).Aborted;
        await fixture.Gateway.Logs.WaitForAsync(chain + "-fast", logged); // The call's line comes after its figures.
        string metrics = (await fixture.Client.FetchAsync("/metrics")).Text;
        Assert.Contains($"llm_attempts_total{{backend=\"custom\",model=\"{chain}-slow\",outcome=\"superseded\"}} 1", metrics, StringComparison.Ordinal);
        Assert.Contains($"llm_attempts_total{{backend=\"custom\",model=\"{chain}-fast\",outcome=\"success\"}} 1", metrics, StringComparison.Ordinal);
        Assert.Contains($"llm_fallbacks_total{{from=\"{chain}-slow\",reason=\"hedge\",to=\"{chain}-fast\"}} 1", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain($"llm_requests_total{{backend=\"custom\",model=\"{chain}-slow\"", metrics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("c", true)]
    [InlineData("d", false)]
    public async Task First_AnswersAfterAll_SecondIsResetAndNothingFellBack(string chain, bool isStream)
    {
        var gate = new Gate();
        fixture.Upstream.On(chain + "-slow", Answers.After(gate, OpenAiAnswers.Default));
        fixture.Upstream.On(chain + "-fast", isStream ? Answers.HangBeforeFirstToken : Answers.HangBeforeHeaders);

        Task<(string? Model, string? Attempts, string? Fallback)> answer = AnswerAsync(chain, isStream);
        UpstreamCall second = await fixture.Upstream.CallAsync(chain + "-fast");
        gate.Open();

        Assert.Equal((chain + "-slow", "2", null), await answer);
        await second.Aborted;
    }

    [Fact]
    public async Task First_FailsBesideTheSecond_SecondAnswers()
    {
        var first = new Gate();
        var second = new Gate();
        fixture.Upstream.On("e-slow", Answers.After(first, Fails));
        fixture.Upstream.On("e-fast", Answers.After(second, OpenAiAnswers.Default));

        Task<(string? Model, string? Attempts, string?)> answer = AnswerAsync("e", isStream: true);
        await second.Reached;
        first.Open();
        await (await fixture.Upstream.CallAsync("e-slow")).Answered;
        second.Open();

        (string? model, string? attempts, _) = await answer;
        Assert.Equal(("e-fast", "2"), (model, attempts));
    }

    [Theory]
    [InlineData("f", false)]
    [InlineData("i", true)]
    public async Task Both_Fail_ThirdIsAskedAndBothAreToldOfAsTheyWereAsked(string chain, bool firstFailsFirst)
    {
        var first = new Gate();
        var second = new Gate();
        fixture.Upstream.On(chain + "-slow", Answers.After(first, Fails));
        fixture.Upstream.On(chain + "-fast", Answers.After(second, Fails));

        Task<(string?, string?, string?)> answer = AnswerAsync(chain, isStream: false);
        await Task.WhenAll(first.Reached, second.Reached);
        (Gate sooner, Gate later) = firstFailsFirst ? (first, second) : (second, first);
        sooner.Open();
        await fixture.Gateway.Logs.WaitForAsync($"{chain}-{(firstFailsFirst ? "slow" : "fast")} failed");
        later.Open();

        Assert.Equal(($"{chain}-last", "3", $"{chain}-slow: provider_error, {chain}-fast: provider_error"), await answer);
    }

    [Fact]
    public async Task Client_Leaves_BothAreReset()
    {
        fixture.Upstream.On("g-slow", Answers.HangBeforeFirstToken);
        fixture.Upstream.On("g-fast", Answers.HangBeforeFirstToken);
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("g", "\"stream\":true"));
        UpstreamCall first = await fixture.Upstream.CallAsync("g-slow");
        UpstreamCall second = await fixture.Upstream.CallAsync("g-fast");

        client.Reset();

        await first.Aborted;
        await second.Aborted;
    }

    [Fact]
    public async Task Keys_ThatMayNotLeaveTheHouse_AreNotHedgedOutOfIt()
    {
        var gate = new Gate();
        fixture.Upstream.On("h-slow", Answers.After(gate, OpenAiAnswers.Default));
        fixture.Upstream.On("h-last", Answers.After(gate, OpenAiAnswers.Default));

        Task<Reply> reply = fixture.Client.ChatAsync("h", ("x-llm-local-only", "on"));
        await fixture.Upstream.CallAsync("h-last"); // It is local and stands behind the external one.
        gate.Open();

        Expect.Ok(await reply);
        Assert.Empty(fixture.Upstream.CallsFor("h-fast"));
    }

    private async Task<(string? Model, string? Attempts, string? Fallback)> AnswerAsync(string chain, bool isStream)
    {
        if (isStream)
        {
            await using StreamReply stream = await fixture.Client.StreamChatAsync(chain, ("x-llm-retries", "0"));
            Expect.WholeStream(await stream.Events.RestAsync());
            return (stream.Header("x-llm-model"), stream.Header("x-llm-attempts"), stream.Header("x-llm-fallback"));
        }

        Reply reply = await fixture.Client.ChatAsync(chain, ("x-llm-retries", "0"));
        Expect.Ok(reply);
        Assert.Equal(OpenAiAnswers.Text, reply.Content);
        return (reply.Header("x-llm-model"), reply.Header("x-llm-attempts"), reply.Header("x-llm-fallback"));
    }

    public sealed class Fixture : GatewayFixture
    {
        private static readonly string[] Names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];

        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = Names.SelectMany(chain => new object[]
                {
                    new { Name = chain + "-slow", Provider = "custom", Model = chain + "-slow", Upstream.BaseUrl, HedgeAfterMs = 50, Local = true },
                    new { Name = chain + "-fast", Provider = "custom", Model = chain + "-fast", Upstream.BaseUrl },
                    new { Name = chain + "-last", Provider = "custom", Model = chain + "-last", Upstream.BaseUrl, Local = true },
                }).ToArray(),
                Chains = Names.ToDictionary(chain => chain, chain => new[] { chain + "-slow", chain + "-fast", chain + "-last" }),
            }),
        };
    }
}
