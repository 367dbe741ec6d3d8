using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>SIGTERM: no new balance of traffic, what was accepted is finished, then a clean end.</summary>
public sealed class ShutdownTests : IAsyncLifetime
{
    private ScriptedUpstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await ScriptedUpstream.StartAsync();

    public async Task DisposeAsync() => await _upstream.DisposeAsync();

    [Fact]
    public async Task Sigterm_WithCallsOpen_FinishesThemAndEndsWithZero()
    {
        await using GatewayProcess gateway = await StartAsync(shutdownSeconds: 30);
        var gate = new Gate();
        _upstream.On("streamed", Answers.Sse(
            Step.Send(OpenAiAnswers.ContentChunk("before")), Step.Wait(gate),
            Step.Send(OpenAiAnswers.ContentChunk(" after") + OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.Done)));
        _upstream.On("plain", Answers.After(gate, OpenAiAnswers.Default));
        List<StreamReply> streams = [];
        List<string> firsts = [];
        for (int i = 0; i < 5; i++)
        {
            streams.Add(await gateway.Client.StreamChatAsync("custom/streamed"));
            firsts.Add((await streams[i].Events.NextDataAsync())!);
        }

        Task<Reply> plain = gateway.Client.ChatAsync("custom/plain");
        await _upstream.CallAsync("plain");

        gateway.SignalTerm();
        using HttpClient watcher = gateway.NewClient();
        int ready = 200;
        for (int i = 0; i < 1000 && ready == 200; i++)
        {
            ready = (await watcher.FetchAsync("/health/ready")).Status;
            await Task.Delay(10);
        }

        Assert.Equal(503, ready);
        gate.Open();
        for (int i = 0; i < streams.Count; i++)
        {
            Expect.WholeStream([firsts[i], .. await streams[i].Events.RestAsync()], "before after");
            await streams[i].DisposeAsync();
        }

        Expect.Ok(await plain);
        Assert.Equal(0, await gateway.WaitForExitAsync());
    }

    [Fact]
    public async Task Sigterm_StreamsThatOutlastTheGrace_EndWithAnErrorEvent()
    {
        await using GatewayProcess gateway = await StartAsync();
        _upstream.On("endless", Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("before")), Step.Hang));
        await using StreamReply reply = await gateway.Client.StreamChatAsync("custom/endless");
        await reply.Events.NextDataAsync();

        gateway.SignalTerm();
        List<string> rest = await reply.Events.RestAsync();

        Assert.NotNull(JsonNode.Parse(Assert.Single(rest))!["error"]);
        Assert.Equal(0, await gateway.WaitForExitAsync());
        await (await _upstream.CallAsync("endless")).Aborted;
    }

    [Fact]
    public async Task Sigterm_WhileIdle_EndsAtOnce()
    {
        await using GatewayProcess gateway = await StartAsync(shutdownSeconds: 30);
        Expect.Ok(await gateway.Client.ChatAsync("custom/any"));

        Assert.Equal(0, await gateway.SignalTermAsync(TimeSpan.FromSeconds(15)));
    }

    private Task<GatewayProcess> StartAsync(int shutdownSeconds = 3) => GatewayProcess.StartAsync(new GatewaySettings
    {
        Config = GatewayFixture.Config(new
        {
            Llms = new object[] { new { Name = "up", Provider = "custom", Model = "*", _upstream.BaseUrl } },
            Limits = new { ShutdownSeconds = shutdownSeconds },
        }),
    });
}
