using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>One call, one row: in the table soon after its end, after a kill, after a stop, and when the database was away.</summary>
public sealed class LedgerTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("llmproxy-ledger-").FullName;
    private ScriptedUpstream _upstream = null!;

    private string Journal => Path.Combine(_directory, "data", "journal");

    private string DatabaseFile => Path.Combine(_directory, "data", "llmproxy.db");

    public async Task InitializeAsync() => _upstream = await ScriptedUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        await _upstream.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Call_ThatEnded_IsInTheTableWithWhatItsVendorReported()
    {
        await using GatewayProcess gateway = await StartAsync();
        Reply plain = await gateway.Client.ChatAsync("main");
        string streamed;
        await using (StreamReply stream = await gateway.Client.StreamChatAsync("main"))
        {
            streamed = stream.Header("x-request-id")!;
            await stream.Events.RestAsync();
        }

        Ledger ledger = Ledger.In(_directory);
        foreach (string id in new[] { plain.Header("x-request-id")!, streamed })
        {
            LedgerRow? row = await ledger.RowAsync(id);
            Assert.NotNull(row);
            Assert.Equal(("success", 200, "main", 9L, 5L, "reported"), (row.Outcome, row.Status, row.Llm, row.Input, row.Output, row.UsageSource));
        }

        await AdminCalls.UntilAsync(
            async () => (await gateway.Client.FetchAsync("/metrics")).Text.Contains("llm_ledger_pending 0", StringComparison.Ordinal), () => gateway.Logs.Text);
        Assert.Equal(2, (await ledger.RowsAsync()).Count);
    }

    [Fact]
    public async Task Kill_WithCallsOpenAndEnded_LeavesARowForEach()
    {
        var gate = new Gate();
        _upstream.On("slow", Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("one two three")), Step.Wait(gate)));
        string ended;
        string open;
        await using (GatewayProcess gateway = await StartAsync())
        {
            await using StreamReply stream = await gateway.Client.StreamChatAsync("slow");
            open = stream.Header("x-request-id")!;
            Assert.NotNull(await stream.Events.NextDataAsync());
            ended = (await gateway.Client.ChatAsync("main")).Header("x-request-id")!;
            gateway.Kill();
            await gateway.WaitForExitAsync();
        }

        Assert.Single(Directory.GetDirectories(Journal));
        await using GatewayProcess next = await StartAsync();
        Ledger ledger = Ledger.In(_directory);

        LedgerRow? interrupted = await ledger.RowAsync(open);
        LedgerRow? whole = await ledger.RowAsync(ended);

        Assert.NotNull(interrupted);
        Assert.NotNull(whole);
        Assert.Equal(("interrupted", "estimated", "slow"), (interrupted.Outcome, interrupted.UsageSource, interrupted.Llm));
        Assert.Equal(("success", 9L, 5L), (whole.Outcome, whole.Input, whole.Output));
        Assert.Equal(2, (await ledger.RowsAsync()).Count);
        await AdminCalls.UntilAsync(() => Task.FromResult(Directory.GetDirectories(Journal).Length == 1), () => next.Logs.Text);
        await next.Logs.WaitForAsync("A dead process left");
    }

    [Fact]
    public async Task Sigterm_ShipsEverythingAndLeavesNothingBehind()
    {
        string id;
        await using (GatewayProcess gateway = await StartAsync())
        {
            id = (await gateway.Client.ChatAsync("main")).Header("x-request-id")!;
            Assert.Equal(0, await gateway.SignalTermAsync());
        }

        Assert.NotNull((await Ledger.In(_directory).RowsAsync()).Find(row => row.Id == id));
        Assert.Empty(Directory.GetDirectories(Journal));
    }

    [Fact]
    public async Task Sigterm_WithAStreamThatDoesNotEnd_LeavesItsOneRow()
    {
        var gate = new Gate();
        _upstream.On("slow", Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("one two three")), Step.Wait(gate)));
        string id;
        await using (GatewayProcess gateway = await StartAsync(limits: new { ShutdownSeconds = 1 }))
        {
            await using StreamReply stream = await gateway.Client.StreamChatAsync("slow");
            id = stream.Header("x-request-id")!;
            Assert.NotNull(await stream.Events.NextDataAsync());
            Assert.Equal(0, await gateway.SignalTermAsync());
            Assert.DoesNotContain("background work failed", gateway.Logs.Text, StringComparison.Ordinal);
        }

        LedgerRow row = Assert.Single(await Ledger.In(_directory).RowsAsync());
        Assert.Equal(id, row.Id);
        Assert.Empty(Directory.GetDirectories(Journal));
    }

    [Fact]
    public async Task Database_Away_CostsNoCallAndNoRow()
    {
        Directory.CreateDirectory(DatabaseFile); // A directory where the file should be.
        string first;
        await using (GatewayProcess gateway = await StartAsync())
        {
            first = (await gateway.Client.ChatAsync("main")).Header("x-request-id")!;
            await gateway.Logs.WaitForAsync(line => line.Contains("The database cannot be used", StringComparison.Ordinal));
            Assert.Equal(0, await gateway.SignalTermAsync());
            Assert.Contains("Stopping with 1 rows", gateway.Logs.Text, StringComparison.Ordinal);
        }

        Directory.Delete(DatabaseFile);
        await using GatewayProcess next = await StartAsync();
        string second = (await next.Client.ChatAsync("main")).Header("x-request-id")!;
        await next.Logs.WaitForAsync(line => line.Contains("The database is ready", StringComparison.Ordinal));
        Ledger ledger = Ledger.In(_directory);

        Assert.NotNull(await ledger.RowAsync(first));
        Assert.NotNull(await ledger.RowAsync(second));
    }

    [Fact]
    public async Task Journal_Full_RefusesNewCallsUntilTheDatabaseIsBack()
    {
        Directory.CreateDirectory(DatabaseFile);
        await using GatewayProcess gateway = await StartAsync(journal: new { MaxBytes = 200_000 });
        Reply reply = await gateway.Client.ChatAsync("main");
        int served = 0;
        for (; reply.Status == 200 && served < 3000; served++)
        {
            reply = await gateway.Client.ChatAsync("main");
        }

        Expect.Error(reply, 503, "journal_full");
        Assert.NotNull(reply.Header("retry-after"));
        await gateway.Logs.WaitForAsync("The journal of calls is full");

        Directory.Delete(DatabaseFile);
        await AdminCalls.UntilAsync(async () => (await gateway.Client.ChatAsync("main")).Status == 200, () => gateway.Logs.Text);

        await AdminCalls.UntilAsync(async () => (await Ledger.In(_directory).RowsAsync()).Count == served + 1, () => gateway.Logs.Text);
    }

    [Fact]
    public async Task Journal_FullAndDropping_ServesOnAndCounts()
    {
        Directory.CreateDirectory(DatabaseFile);
        await using GatewayProcess gateway = await StartAsync(journal: new { MaxBytes = 200_000, WhenFull = "drop" });
        for (int i = 0; i < 800; i++)
        {
            Expect.Ok(await gateway.Client.ChatAsync("main"));
        }

        string metrics = (await gateway.Client.FetchAsync("/metrics")).Text;
        await gateway.Logs.WaitForAsync("not written down");
        long Figure(string name) => long.Parse(metrics.Split('\n').First(line => line.StartsWith(name + " ", StringComparison.Ordinal)).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(Figure("llm_ledger_dropped_total"), 1, 799);
        Assert.Equal(800, Figure("llm_ledger_dropped_total") + Figure("llm_ledger_pending"));
    }

    private Task<GatewayProcess> StartAsync(object? journal = null, object? limits = null) => GatewayProcess.StartAsync(new GatewaySettings
    {
        WorkingDirectory = _directory,
        Config = GatewayFixture.Config(new
        {
            Journal = journal ?? new { },
            Limits = limits ?? new { },
            Llms = new[]
            {
                new { Name = "main", Provider = "custom", Model = "main", _upstream.BaseUrl },
                new { Name = "slow", Provider = "custom", Model = "slow", _upstream.BaseUrl },
            },
        }),
    });
}
