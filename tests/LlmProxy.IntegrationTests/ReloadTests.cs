using System.Diagnostics;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The watched file: an edit is live within two seconds and costs no request; a broken one changes nothing.</summary>
public sealed class ReloadTests : IAsyncLifetime
{
    private static readonly TimeSpan Live = TimeSpan.FromSeconds(6); // The promise is 2 s and the drill holds it; here other tests run beside.
    private ScriptedUpstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await ScriptedUpstream.StartAsync();

    public async Task DisposeAsync() => await _upstream.DisposeAsync();

    [Fact]
    public async Task Edit_UnderLoad_IsLiveInTimeAndCostsNoRequest()
    {
        await using GatewayProcess gateway = await StartAsync();
        using var stop = new CancellationTokenSource();
        Task<List<Reply>>[] load = [.. Enumerable.Range(0, 4).Select(_ => LoadAsync(gateway, stop.Token))];

        TimeSpan slowest = TimeSpan.Zero;
        for (int edit = 1; edit <= 3; edit++)
        {
            await gateway.WriteConfigAsync(Config($"model-{edit}"));
            TimeSpan live = await UntilServedAsync(gateway, $"model-{edit}");
            slowest = live > slowest ? live : slowest;
        }

        await stop.CancelAsync();
        List<Reply> replies = [.. (await Task.WhenAll(load)).SelectMany(r => r)];
        Assert.DoesNotContain(replies, r => r.Status != 200);
        Assert.True(replies.Count > 20, $"only {replies.Count} calls");
        Assert.InRange(slowest, TimeSpan.Zero, Live);
    }

    [Fact]
    public async Task Edit_WhileAStreamRuns_DoesNotTouchTheStream()
    {
        await using GatewayProcess gateway = await StartAsync();
        var gate = new Gate();
        _upstream.On("model-0", Answers.Sse(
            Step.Send(OpenAiAnswers.ContentChunk("before")), Step.Wait(gate),
            Step.Send(OpenAiAnswers.ContentChunk(" after") + OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.Done)));
        await using StreamReply reply = await gateway.Client.StreamChatAsync("main");
        string? first = await reply.Events.NextDataAsync();

        await gateway.WriteConfigAsync(Config("model-1"));
        await UntilServedAsync(gateway, "model-1");
        gate.Open();

        Expect.WholeStream([first!, .. await reply.Events.RestAsync()], "before after");
    }

    [Theory]
    [InlineData("{ \"LlmProxy\": { \"Llms\": [", "")]
    [InlineData("", "")]
    [InlineData("{ \"LlmProxy\": { \"Llms\": [ { \"Name\": \"main\", \"Provider\": \"no-such-vendor\", \"Model\": \"m\" } ] } }", "no-such-vendor")]
    [InlineData("{ \"LlmProxy\": { \"Limits\": { \"MaxBodyByte\": 5 } } }", "MaxBodyByte")]
    public async Task BrokenEdit_ChangesNothingAndSaysWhy(string broken, string said)
    {
        await using GatewayProcess gateway = await StartAsync();
        int line = gateway.Logs.Count;

        await gateway.WriteConfigAsync(broken);
        await gateway.Logs.WaitForAsync(l => IsComplaint(l) && l.Contains(said, StringComparison.Ordinal), line);

        Expect.Ok(await gateway.Client.ChatAsync("main"));
        Assert.Single(_upstream.CallsFor("model-0"));
        await gateway.WriteConfigAsync(Config("model-1"));
        await UntilServedAsync(gateway, "model-1");
    }

    [Fact]
    public async Task FileTakenAway_ChangesNothing()
    {
        await using GatewayProcess gateway = await StartAsync();
        int line = gateway.Logs.Count;

        File.Delete(gateway.ConfigFile);
        await gateway.Logs.WaitForAsync(IsComplaint, line);

        Expect.Ok(await gateway.Client.ChatAsync("main"));
    }

    [Fact]
    public async Task LinkSwap_AsConfigMapsDo_IsSeen()
    {
        string directory = Directory.CreateTempSubdirectory("llmproxy-link-").FullName;
        string link = Path.Combine(directory, "gateway.json");
        await File.WriteAllTextAsync(Path.Combine(directory, "one.json"), Config("model-0"));
        await File.WriteAllTextAsync(Path.Combine(directory, "two.json"), Config("model-9"));
        File.CreateSymbolicLink(link, Path.Combine(directory, "one.json"));
        try
        {
            await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings().With("LLMPROXY_CONFIG_FILE", link));

            File.CreateSymbolicLink(link + ".new", Path.Combine(directory, "two.json"));
            File.Move(link + ".new", link, overwrite: true);

            Assert.InRange(await UntilServedAsync(gateway, "model-9"), TimeSpan.Zero, Live);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task SecretFile_Changed_IsSentWithoutARestart()
    {
        string secret = Path.GetTempFileName();
        await File.WriteAllTextAsync(secret, "sk-before-the-turn\n");
        try
        {
            await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings
            {
                Config = GatewayFixture.Config(new
                {
                    Llms = new object[] { new { Name = "main", Provider = "custom", Model = "model-0", _upstream.BaseUrl, Auth = new { api_key = "file:" + secret } } },
                }),
            });
            Expect.Ok(await gateway.Client.ChatAsync("main"));
            Assert.Equal("Bearer sk-before-the-turn", _upstream.CallsFor("model-0")[0].Header("Authorization"));

            await File.WriteAllTextAsync(secret, "sk-after-the-turn\n");
            await UntilAsync(async () =>
            {
                await gateway.Client.ChatAsync("main");
                return _upstream.CallsFor("model-0")[^1].Header("Authorization") == "Bearer sk-after-the-turn";
            });
        }
        finally
        {
            File.Delete(secret);
        }
    }

    [Fact]
    public async Task Key_AddedAndTakenAway_OpensAndClosesTheDoor()
    {
        object Llms() => new object[] { new { Name = "main", Provider = "custom", Model = "model-0", _upstream.BaseUrl } };
        string With(params object[] keys) => GatewayFixture.Config(new { Llms = Llms(), Keys = keys });
        var first = new { Name = "first", Key = "sk-first-0123456789" };
        var second = new { Name = "second", Key = "sk-second-0123456789" };
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings { Config = With(first) });
        Task<int> StatusOf(string key) => StatusAsync(gateway, key);
        Assert.Equal((200, 401), (await StatusOf(first.Key), await StatusOf(second.Key)));

        await gateway.WriteConfigAsync(With(second));
        await UntilAsync(async () => await StatusOf(second.Key) == 200);

        Assert.Contains(await StatusOf(first.Key), (int[])[401, 429]); // 429: the key that was not known yet has been tried often.
    }

    [Fact]
    public async Task LastKeyTakenAway_OnLoopback_IsWrittenInTheLog()
    {
        // Nothing that a reload does may open the door to strangers silently: Loopback is judged again.
        string With(object[] keys) => GatewayFixture.Config(new { Keys = keys, Llms = new object[] { new { Name = "main", Provider = "custom", Model = "model-0", _upstream.BaseUrl } } });
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings
        {
            Urls = "http://0.0.0.0:0",
            Config = With([new { Name = "first", Key = "sk-first-0123456789" }]),
        });
        int line = gateway.Logs.Count;

        await gateway.WriteConfigAsync(With([]));
        await gateway.Logs.WaitForAsync(IsComplaint, line);

        Assert.Equal(401, await StatusAsync(gateway, "sk-nobody-0123456789"));
        Assert.Equal(200, await StatusAsync(gateway, "sk-first-0123456789"));
    }

    [Fact]
    public async Task LlmMended_ByAnotherAddress_IsLookedAtAgain()
    {
        using var closed = new ClosedPort();
        string With(string address) => GatewayFixture.Config(new
        {
            Llms = new object[] { new { Name = "main", Provider = "custom", Model = "model-0", BaseUrl = address + "/v1" } },
            Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
        });
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings { Config = With(closed.Address) });
        async Task<(string? State, bool HasFailed)> HealthAsync()
        {
            JsonNode llm = (await gateway.Client.FetchAsync("/health/providers")).Json["providers"]!.AsArray().Single(one => one!["name"]!.ToString() == "main")!;
            return (llm["state"]!.ToString(), llm["last_error"] is not null);
        }

        await UntilAsync(async () => await HealthAsync() is ("unhealthy", false));
        Assert.Equal(502, (await gateway.Client.ChatAsync("main")).Status);
        Assert.Equal(("degraded", true), await HealthAsync());

        await gateway.WriteConfigAsync(With(_upstream.Address));
        await UntilAsync(async () => await HealthAsync() is ("healthy", false));

        Assert.Empty(_upstream.Calls);
    }

    private static bool IsComplaint(string line) =>
        line.Contains("refused", StringComparison.OrdinalIgnoreCase) || line.Contains("last good", StringComparison.OrdinalIgnoreCase)
        || line.Contains("keeps serving", StringComparison.OrdinalIgnoreCase) || line.Contains("not applied", StringComparison.OrdinalIgnoreCase);

    private static async Task<int> StatusAsync(GatewayProcess gateway, string key) => (await gateway.Client.ChatAsync("main", ("x-api-key", key))).Status;

    private static async Task UntilAsync(Func<Task<bool>> reached)
    {
        long begin = Stopwatch.GetTimestamp();
        while (!await reached())
        {
            Assert.True(Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(10), "It did not come about.");
            await Task.Delay(20);
        }
    }

    private static async Task<List<Reply>> LoadAsync(GatewayProcess gateway, CancellationToken stop)
    {
        List<Reply> replies = [];
        using HttpClient client = gateway.NewClient();
        while (!stop.IsCancellationRequested)
        {
            replies.Add(await client.ChatAsync("main"));
        }

        return replies;
    }

    private static async Task<TimeSpan> UntilServedAsync(GatewayProcess gateway, string model)
    {
        long begin = Stopwatch.GetTimestamp();
        await UntilAsync(async () => (await gateway.Client.ChatAsync("main")).Json["model"]?.ToString() == model);
        return Stopwatch.GetElapsedTime(begin);
    }

    private Task<GatewayProcess> StartAsync() => GatewayProcess.StartAsync(new GatewaySettings { Config = Config("model-0") });

    private string Config(string model) => GatewayFixture.Config(new
    {
        Llms = new object[] { new { Name = "main", Provider = "custom", Model = model, _upstream.BaseUrl } },
    });
}
