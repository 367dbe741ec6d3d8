using System.Diagnostics;
using LlmProxy.TestKit;
using Xunit.Abstractions;

namespace LlmProxy.IntegrationTests;

/// <summary>A client that leaves stops the vendor's work at once, in streams and in plain calls.</summary>
public sealed class ClientGoneTests(ClientGoneTests.Fixture fixture, ITestOutputHelper output) : IClassFixture<ClientGoneTests.Fixture>
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15); // The law says 100 ms; a busy test machine is not its judge. Unseen, it would go on for far longer.

    public static TheoryData<string> Goodbyes => ["reset", "close", "half-close"];

    [Theory]
    [MemberData(nameof(Goodbyes))]
    public async Task PlainCall_ClientLeaves_IsAbortedUpstream(string goodbye)
    {
        string model = "plain-" + goodbye;
        fixture.Upstream.On(model, Answers.HangBeforeHeaders);
        RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/" + model));
        UpstreamCall call = await fixture.Upstream.CallAsync(model);

        await AbortsAfterAsync(() => LeaveAsync(client, goodbye), call);
        await client.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Goodbyes))]
    public async Task StreamBeforeItsFirstToken_ClientLeaves_IsAbortedUpstream(string goodbye)
    {
        string model = "waiting-" + goodbye;
        fixture.Upstream.On(model, Answers.HangBeforeFirstToken);
        RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/" + model, "\"stream\":true"));
        UpstreamCall call = await fixture.Upstream.CallAsync(model);

        await AbortsAfterAsync(() => LeaveAsync(client, goodbye), call);
        await client.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Goodbyes))]
    public async Task StreamInTheMiddle_ClientLeaves_IsAbortedUpstream(string goodbye)
    {
        string model = "midway-" + goodbye;
        fixture.Upstream.On(model, Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("first words")), Step.Hang));
        RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/" + model, "\"stream\":true"));
        await client.ReadUntilAsync("first words");

        await AbortsAfterAsync(() => LeaveAsync(client, goodbye), await fixture.Upstream.CallAsync(model));
        await client.DisposeAsync();
    }

    [Fact]
    public async Task NextCall_AfterManyClientsLeft_IsServed()
    {
        fixture.Upstream.On("many", Answers.HangBeforeHeaders);
        for (int i = 0; i < 20; i++)
        {
            await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
            await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/many"));
            client.Reset();
        }

        Expect.Ok(await fixture.Client.ChatAsync("custom/after-many"));
    }

    [Fact]
    public async Task ClientWhoseBodyCameLate_Leaves_IsNoErrorOfOurs()
    {
        fixture.Upstream.On("late-body", Answers.HangBeforeHeaders);
        byte[] body = System.Text.Encoding.UTF8.GetBytes(GatewayCalls.ChatBody("custom/late-body"));
        int line = fixture.Gateway.Logs.Count;
        for (int i = 0; i < 5; i++)
        {
            await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);
            await client.SendAsync(client.Head("POST", "/v1/chat/completions", body.Length, ("Expect", "100-continue")));
            await client.ReadHeadAsync(); // Told to go on: the gateway waits for the body.
            int before = fixture.Upstream.CallsFor("late-body").Count;
            await client.SendAsync(body);
            UpstreamCall call = await fixture.Upstream.CallAsync(c => c.Model == "late-body" && fixture.Upstream.CallsFor("late-body").Count > before && !c.IsAborted);
            client.Reset();
            await call.Aborted;
        }

        await fixture.Gateway.Logs.WaitForAsync("late-body", line);
        Expect.Ok(await fixture.Client.ChatAsync("custom/after-late-bodies"));
        Assert.DoesNotContain(fixture.Gateway.Logs.Lines.Skip(line), l => l.Contains("exception", StringComparison.OrdinalIgnoreCase) || l.Contains("   at ", StringComparison.Ordinal));
    }

    private static Task LeaveAsync(RawClient client, string goodbye)
    {
        switch (goodbye)
        {
            case "reset":
                client.Reset();
                return Task.CompletedTask;
            case "half-close":
                client.HalfClose();
                return Task.CompletedTask;
            default:
                return client.DisposeAsync().AsTask();
        }
    }

    private async Task AbortsAfterAsync(Func<Task> leave, UpstreamCall call)
    {
        Assert.False(call.IsAborted);
        long left = Stopwatch.GetTimestamp();
        await leave();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(left, await call.Aborted);
        output.WriteLine($"seen upstream after {elapsed.TotalMilliseconds:0.0} ms");
        Assert.InRange(elapsed, TimeSpan.Zero, Bound);
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "up", Provider = "custom", Model = "*", Upstream.BaseUrl },
                },
                Resilience = new { BreakerFailures = 10_000 },
            }),
        };
    }
}
