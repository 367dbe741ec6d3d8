using Dapper;
using LlmProxy.Accounting;
using LlmProxy.Accounting.Reports;
using LlmProxy.Accounting.Repricing;
using LlmProxy.Configuration.Options;
using LlmProxy.Hosting;
using LlmProxy.Storage;
using LlmProxy.TestKit;
using LlmProxy.Tests.Accounting.Reports;

namespace LlmProxy.Tests.Accounting.Repricing;

/// <summary>Old calls by new prices, in a real SQLite file.</summary>
public sealed class RepricerTests
{
    private static readonly DateTimeOffset Begin = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ReportFilter All = new(new ReportRange(Begin, Begin.AddDays(1)));
    private static readonly AuditEntry Audit = new(0, Begin, "reprice command", "reprice", "calls", "1", "2");

    private static readonly GatewayOptions Options = new()
    {
        Llms =
        [
            new LlmOptions { Name = "gpt", Provider = "custom", Model = "m", InputPricePerMillion = 2, OutputPricePerMillion = 10 },
            new LlmOptions { Name = "off", Provider = "custom", Model = "m2", InputPricePerMillion = 1, Enabled = false },
            new LlmOptions { Name = "home", Provider = "ollama", Model = "llama" },
            new LlmOptions { Name = "free", Provider = "custom", Model = "nobody-knows" },
            new LlmOptions { Name = "any", Provider = "openai", Model = "*" },
        ],
        Aliases = new(StringComparer.OrdinalIgnoreCase) { ["mini"] = "openai/gpt-4o-mini" },
    };

    [Fact]
    public async Task DryRun_SaysWhatWouldBeAndWritesNothing()
    {
        await using SqliteLedger ledger = await SqliteLedger.WithAsync([Row("gpt", 1_000_000, 100_000, 5)]);

        RepriceSums sums = await NewRepricer(ledger).RunAsync(All, null, CancellationToken.None);

        Assert.Equal((1, 1, 0.0000000005m, 3m), (sums.Total.Calls, sums.Changed, sums.Total.Before, sums.Total.After));
        Assert.Equal([5L], await CostsAsync(ledger));
        Assert.Equal(0, await ledger.Database.ReadAsync(connection => connection.ExecuteScalarAsync<long>("select count(*) from llmproxy_audit"), CancellationToken.None));
    }

    [Fact]
    public async Task Apply_OfManyBatches_GivesEveryCallItsNewCostOnceAndOneLineOfAudit()
    {
        MadeUpCall[] rows = [.. Enumerable.Range(0, 1_234).Select(i => Row("gpt", i, 1, i) with { StartedAt = Begin.AddSeconds(i / 3) })];
        await using SqliteLedger ledger = await SqliteLedger.WithAsync(rows);
        Repricer repricer = NewRepricer(ledger);

        RepriceSums first = await repricer.RunAsync(All, Audit, CancellationToken.None);
        RepriceSums second = await repricer.RunAsync(All, Audit, CancellationToken.None);

        Assert.Equal(1_234, first.Total.Calls);
        Assert.Equal(0, second.Changed);
        Assert.Equal(rows.Select(row => ((row.Input * 2) + 10) * 10_000L).Order(), (await CostsAsync(ledger)).Select(cost => cost!.Value).Order());
        Assert.Equal(1, await ledger.Database.ReadAsync(connection => connection.ExecuteScalarAsync<long>("select count(*) from llmproxy_audit"), CancellationToken.None));
    }

    [Fact]
    public async Task Calls_AnsweredFromTheCacheOrWithoutUsage_KeepWhatTheyHave()
    {
        await using SqliteLedger ledger = await SqliteLedger.WithAsync(
        [
            Row("gpt", 1_000, 0, 0) with { Cache = "hit" },
            Row("gpt", 1_000, 0, 0) with { Cache = "semantic" },
            Row("gpt", 0, 0, null) with { UsageSource = "none" },
        ]);

        RepriceSums sums = await NewRepricer(ledger).RunAsync(All, Audit, CancellationToken.None);

        Assert.Equal(0, sums.Total.Calls);
        Assert.Equal([0L, 0L, null], (await CostsAsync(ledger)).OrderBy(cost => cost is null));
    }

    [Fact]
    public async Task Calls_ThatWereInterruptedOrOfADisabledLlm_ArePricedToo()
    {
        await using SqliteLedger ledger = await SqliteLedger.WithAsync([Row("gpt", 1_000_000, 0, null) with { Outcome = "interrupted" }, Row("off", 1_000_000, 0, null)]);

        RepriceSums sums = await NewRepricer(ledger).RunAsync(All, Audit, CancellationToken.None);

        Assert.Equal(3m, sums.Total.After);
        Assert.Equal(2, sums.Changed);
    }

    [Fact]
    public async Task Calls_WhoseLlmIsGoneOrHasNoPrice_AreListedAndLeftAlone()
    {
        await using SqliteLedger ledger = await SqliteLedger.WithAsync(
        [
            Row("gone", 1_000, 0, 7), Row("gpt", 1_000, 0, 8) with { Provider = "openai" }, Row("free", 1_000, 0, 9), Row("any", 1_000, 0, 10) with { Provider = "openai", RequestedModel = "what-is-this" },
        ]);

        RepriceSums sums = await NewRepricer(ledger).RunAsync(All, Audit, CancellationToken.None);

        Assert.Equal(0, sums.Total.Calls);
        Assert.Equal(["any NoPrice", "free NoPrice", "gone Gone", "gpt Gone"], sums.LeftAlone.Select(line => $"{line.Key.Llm} {(line.Key.Why == PriceList.Gone ? "Gone" : "NoPrice")}"));
        Assert.Equal([7L, 8L, 9L, 10L], (await CostsAsync(ledger)).Order());
    }

    [Theory]
    [InlineData("any", "openai", "gpt-4o-mini")]
    [InlineData("any", "openai", "openai/gpt-4o-mini")]
    [InlineData("any", "openai", "MINI")]
    public void Wildcard_IsPricedAsTheModelThatItWasAskedFor(string llm, string provider, string requested)
    {
        long? cost = new PriceList(Options, new FakeTimeProvider()).Cost(llm, provider, requested, new TokenUsage(1_000_000, 0, 0, 0, 0), out _);

        Assert.True(cost > 0);
        Assert.NotEqual(cost, new PriceList(Options, new FakeTimeProvider()).Cost(llm, provider, "gpt-4o", new TokenUsage(1_000_000, 0, 0, 0, 0), out _));
    }

    [Fact]
    public async Task LocalLlm_WithoutPrice_CostsNothing()
    {
        await using SqliteLedger ledger = await SqliteLedger.WithAsync([Row("home", 1_000, 10, 99) with { Provider = "ollama" }]);

        await NewRepricer(ledger).RunAsync(All, Audit, CancellationToken.None);

        Assert.Equal([0L], await CostsAsync(ledger));
    }

    [Fact]
    public async Task Output_SaysItForEachLlmAndInAll()
    {
        await using SqliteLedger ledger = await SqliteLedger.WithAsync(
        [
            Row("gpt", 1_000_000, 0, 10_000_000_000) with { Attempts = Attempts("rate_limit_exceeded", "success") }, Row("off", 2_000_000, 0, null), Row("gone", 1, 0, 5_000_000_000),
        ]);

        RepriceSums sums = await NewRepricer(ledger).RunAsync(All, null, CancellationToken.None);

        Assert.Equal(
            [
                "LLM    provider  calls  changed  USD before  USD now  difference",
                "gpt    custom        1        1        1.00     2.00       +1.00",
                "off    custom        1        1        0.00     2.00       +2.00",
                "total                2        2        1.00     4.00       +3.00",
            ],
            RepriceText.Table(sums));
        Assert.Equal(
            ["Left alone: 1 call of gone (custom), 0.50 USD: " + PriceList.Gone + "."],
            RepriceText.Remarks(sums));
    }

    [Fact]
    public async Task Calls_WhoseOtherAttemptsMayHaveBeenBilled_DoNotLoseWhatTheyCost()
    {
        await using SqliteLedger ledger = await SqliteLedger.WithAsync(
        [
            Row("gpt", 1_000_000, 0, 77) with { Attempts = Attempts("provider_timeout", "success") },
            Row("gpt", 1_000_000, 0, null) with { Attempts = Attempts("superseded", "success") },
            Row("gpt", 1_000_000, 0, 78) with { Attempts = Attempts("provider_unreachable", "rate_limit_exceeded", "success") },
            Row("gpt", 1_000_000, 0, 79) with { Attempts = Attempts("client_gone"), Outcome = "client_gone" },
        ]);

        RepriceSums sums = await NewRepricer(ledger).RunAsync(All, Audit, CancellationToken.None);

        Assert.Equal([77L, 20_000_000_000L, 20_000_000_000L, 20_000_000_000L], (await CostsAsync(ledger)).Order());
        Assert.Equal(
            [
                "Left alone: 1 call of gpt (custom), 0.0000000077 USD: " + Repricer.Several + ".",
                "1 of these calls had no cost and more than one attempt that may have been billed: only what the answer used is priced.",
            ],
            RepriceText.Remarks(sums));
    }

    [Fact]
    public async Task Calls_InterruptedAfterAnAttemptThatMayHaveBeenBilled_DoNotLoseWhatTheyCost()
    {
        await using SqliteLedger ledger = await SqliteLedger.WithAsync( // The attempt that was cut off is not in the list.
        [
            Row("gpt", 1_000_000, 0, 77) with { Attempts = Attempts("provider_timeout"), Outcome = "interrupted" },
            Row("gpt", 1_000_000, 0, 78) with { Attempts = Attempts("rate_limit_exceeded"), Outcome = "interrupted" },
        ]);

        await NewRepricer(ledger).RunAsync(All, Audit, CancellationToken.None);

        Assert.Equal([77L, 20_000_000_000L], (await CostsAsync(ledger)).Order());
    }

    private static string Attempts(params string[] outcomes) => "[" + string.Join(',', outcomes.Select(outcome => $"{{\"llm\":\"gpt\",\"outcome\":\"{outcome}\"}}")) + "]";

    private static Repricer NewRepricer(SqliteLedger ledger) => new(ledger.Database, new PriceList(Options, new FakeTimeProvider()));

    private static MadeUpCall Row(string llm, long input, long output, long? cost) => new()
    {
        Id = Guid.NewGuid(),
        StartedAt = Begin,
        Llm = llm,
        Provider = "custom",
        Input = input,
        Output = output,
        CostUnits = cost,
    };

    private static Task<List<long?>> CostsAsync(SqliteLedger ledger) => ledger.Database.ReadAsync(
        async connection => (await connection.QueryAsync<long?>("select cost_units from llmproxy_calls")).ToList(), CancellationToken.None);
}
