using LlmProxy.Accounting.Ledger;
using LlmProxy.Accounting.Reports;
using LlmProxy.Storage;
using LlmProxy.TestKit;

namespace LlmProxy.Tests.Accounting.Reports;

/// <summary>The ledger page by page, while it grows.</summary>
public sealed class CallPagesTests
{
    private static readonly DateTimeOffset Begin = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ReportFilter All = new(new ReportRange(Begin, Begin.AddDays(2)));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task Pages_WhileCallsComeIn_ShowEveryCallOnceNewestFirst(int page)
    {
        IReadOnlyList<MadeUpCall> rows = MadeUpCall.Some(5, 150, Begin, TimeSpan.FromHours(1));
        await using SqliteLedger ledger = await SqliteLedger.WithAsync(rows);
        var seen = new List<StoredCall>();
        CallCursor cursor = CallCursor.Newest;
        for (int turn = 0; ; turn++)
        {
            IReadOnlyList<StoredCall> calls = await ReadAsync(ledger, All, cursor, page);
            if (calls.Count == 0)
            {
                break;
            }

            seen.AddRange(calls);
            Assert.True(CallCursor.TryRead(CallCursor.After(calls[^1]).ToString(), out cursor));
            await ledger.AddAsync(MadeUpCall.Some(1000 + turn, 2, Begin.AddHours(2 + turn), TimeSpan.FromMinutes(1)).Select(row => row with { Llm = "late" }));
        }

        string[] expected = [.. rows.OrderByDescending(row => row.StartedAt).ThenByDescending(row => row.Id.ToString(), StringComparer.Ordinal).Select(row => row.Id.ToString())];
        Assert.Equal(expected, seen.Select(call => call.Id));
    }

    [Fact]
    public async Task Page_HoldsWhatWasWritten()
    {
        MadeUpCall row = MadeUpCall.Some(6, 1, Begin, TimeSpan.FromHours(1))[0] with { CostUnits = null, FirstTokenMs = null, Tags = "[\"a\"]", IsStream = true, Outcome = "client_gone" };
        await using SqliteLedger ledger = await SqliteLedger.WithAsync([row]);

        StoredCall call = Assert.Single(await ReadAsync(ledger, All, CallCursor.Newest, 10));

        Assert.Equal((row.Id.ToString(), row.StartedAt, row.Key, row.Tags), (call.Id, call.StartedAt, call.KeyName, call.Tags));
        Assert.Equal((row.Input, row.Output, row.CostUnits, row.FirstTokenMs), (call.InputTokens, call.OutputTokens, call.CostUnits, call.TtftMs));
        Assert.True(call.Stream && call.ClientGone);
    }

    [Theory]
    [InlineData("502")]
    [InlineData("5xx")]
    [InlineData("Upstream_Error")]
    public async Task Status_AsNumberClassOrOutcome_IsAFilter(string status)
    {
        IReadOnlyList<MadeUpCall> rows = MadeUpCall.Some(7, 200, Begin, TimeSpan.FromHours(1));
        await using SqliteLedger ledger = await SqliteLedger.WithAsync(rows);

        Assert.True(All.TryWithStatus(status, out ReportFilter filter));
        IReadOnlyList<StoredCall> calls = await ReadAsync(ledger, filter with { Llm = "claude" }, CallCursor.Newest, 1000);

        Assert.Equal(rows.Count(row => row.Status == 502 && row.Llm == "claude"), calls.Count);
        Assert.All(calls, call => Assert.Equal(502, call.Status));
    }

    [Theory]
    [InlineData("600")]
    [InlineData("9xx")]
    [InlineData("gone")]
    [InlineData("-1")]
    [InlineData("0200")]
    public void Status_ThatIsNone_IsRefused(string status) => Assert.False(All.TryWithStatus(status, out _));

    [Theory]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("not base64url!")]
    [InlineData("____________________________________")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void Cursor_MadeUp_IsRefused(string text) => Assert.False(CallCursor.TryRead(text, out _));

    private static Task<IReadOnlyList<StoredCall>> ReadAsync(SqliteLedger ledger, ReportFilter filter, CallCursor cursor, int most) => ledger.Database.ReadAsync(
        connection => CallPages.ReadAsync(connection, DatabaseKind.Sqlite, filter, cursor, most, CancellationToken.None), CancellationToken.None);
}
