using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Accounting.Journal;
using LlmProxy.Accounting.Ledger;
using LlmProxy.Tests.Accounting.Journal;

namespace LlmProxy.Tests.Accounting.Ledger;

/// <summary>From the journal into a real SQLite file.</summary>
public sealed class LedgerShipperTests : LedgerTestBase
{
    [Fact]
    public async Task Row_WithEveryField_IsReadBackFromTheTable()
    {
        CallRow row = Rows.Full();
        Journal.Settle(row);

        await ShipAllAsync();

        // The table has no column for what its attempts say already, and keeps money in whole units.
        Rows.AssertSame(row with { Fallback = null, CostUsd = 12.3456789012m }, Assert.Single(await TableAsync()));
        Assert.Equal(0, Journal.Pending);
    }

    [Fact]
    public async Task Row_WithNothingOptional_IsReadBackFromTheTable()
    {
        Journal.Settle(new CallRow { Id = Guid.CreateVersion7().ToString(), FinishedAt = Rows.Noon, Endpoint = "chat", Status = 503, Duration = TimeSpan.FromSeconds(1) });

        await ShipAllAsync();

        CallRow row = Assert.Single(await TableAsync());
        Assert.Equal((Rows.Noon - TimeSpan.FromSeconds(1), "none", "bypass"), (row.StartedAt, row.UsageSource, row.Cache));
        Assert.Null(row.CostUsd);
    }

    [Fact]
    public async Task Settled_Twice_CountsTheFirst()
    {
        CallRow row = Rows.New();
        Journal.Settle(row);
        Journal.Settle(row with { Status = 500, Outcome = "upstream_error" });
        await ShipAllAsync();
        Journal.Settle(row with { Status = 501, Outcome = "upstream_error" });
        await ShipAllAsync();

        Assert.Equal(200, Assert.Single(await TableAsync()).Status);
        Assert.Equal(0, Journal.Pending);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Settled_AfterItPassedForInterrupted_ReplacesThat(bool inOneBatch)
    {
        CallRow row = Rows.New();
        Journal.Settle(Rows.Draft(row));
        if (!inOneBatch)
        {
            await ShipAllAsync();
        }

        Journal.Settle(row);
        await ShipAllAsync();
        Journal.Settle(Rows.Draft(row));
        await ShipAllAsync();

        Assert.Equal("success", Assert.Single(await TableAsync()).Outcome);
    }

    [Fact]
    public async Task Replayed_AfterHalfOfItWasShipped_AddsTheRestAlone()
    {
        List<CallRow> rows = [.. Enumerable.Range(0, 1200).Select(_ => Rows.New())];
        rows.Take(700).ToList().ForEach(Journal.Settle);
        await ShipAllAsync();
        rows.Skip(700).ToList().ForEach(Journal.Settle);
        CallRow open = Rows.New();
        Journal.Begin(Rows.Draft(open), new RunningCall());

        using DeadJournal dead = JournalFolder.Adopt(Folder.Abandon(Journal));
        await ShipAllAsync(dead);
        await ShipAllAsync();

        List<CallRow> table = await TableAsync();
        Assert.Equal(rows.Append(open).Select(row => row.Id).Order(), table.Select(row => row.Id));
        Assert.Equal(open.Id, Assert.Single(table, row => row.Outcome == "interrupted").Id);
    }

    [Fact]
    public async Task BadRows_AreFoundAndPutAside_AndTheOthersGoOn()
    {
        await ExecuteAsync("create trigger bad before insert on llmproxy_calls when new.end_user = 'bad' begin select raise(abort, 'no such user'); end");
        List<CallRow> rows = [.. Enumerable.Range(0, 1000).Select(i => Rows.New() with { EndUser = i % 333 == 7 ? "bad" : "good" })];
        rows.ForEach(Journal.Settle);

        await ShipAllAsync();

        Assert.Equal(997, (await TableAsync()).Count);
        Assert.Equal((3, 0), (Rejected.Count, Journal.Pending));
        List<JsonNode> lines = [.. File.ReadLines(Rejected.Path).Select(line => JsonNode.Parse(line)!)];
        Assert.Equal(rows.Where(row => row.EndUser == "bad").Select(row => row.Id), lines.Select(line => line["row"]!["id"]!.ToString()));
        Assert.All(lines, line => Assert.Contains("no such user", line["reason"]!.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task BadRow_ThatCannotBePutAside_WaitsUntilItCan()
    {
        await ExecuteAsync("create trigger bad before insert on llmproxy_calls when new.end_user = 'bad' begin select raise(abort, 'no such user'); end");
        List<CallRow> rows = [.. Enumerable.Range(0, 20).Select(i => Rows.New() with { EndUser = i == 7 ? "bad" : "good" })];
        rows.ForEach(Journal.Settle);
        Directory.CreateDirectory(Rejected.Path); // In the file's place.
        Assert.Equal(ShipResult.Away, await Shipper.ShipAsync(Tail, CancellationToken.None));
        Assert.Equal(ShipResult.Away, await Shipper.ShipAsync(Tail, CancellationToken.None));
        Assert.Equal((0, 20), (Rejected.Count, Journal.Pending));
        Assert.Single(Log.Lines, line => line.Contains(rows[7].Id, StringComparison.Ordinal));

        Directory.Delete(Rejected.Path);
        await ShipAllAsync();

        Assert.Equal(19, (await TableAsync()).Count);
        Assert.Equal((1, 0), (Rejected.Count, Journal.Pending));
        Assert.Equal(rows[7].Id, JsonNode.Parse(Assert.Single(File.ReadLines(Rejected.Path)))!["row"]!["id"]!.ToString());
    }

    [Fact]
    public async Task Database_Away_KeepsTheRowsUntilItIsBack()
    {
        Current = null;
        Journal.Settle(Rows.New());
        Assert.Equal(ShipResult.Away, await Shipper.ShipAsync(Tail, CancellationToken.None));
        Journal.Settle(Rows.New());
        Assert.Equal(2, Journal.Pending);

        Current = Database;
        await ShipAllAsync();

        Assert.Equal(2, (await TableAsync()).Count);
        Assert.Equal(0, Journal.Pending);
    }

    [Theory]
    [InlineData("alter table llmproxy_calls rename to gone", "alter table gone rename to llmproxy_calls")] // Somebody works on the tables.
    [InlineData("pragma max_page_count = 1", "pragma max_page_count = 1000000")] // Full.
    [InlineData("pragma query_only = on", "pragma query_only = off")] // Read-only.
    public async Task Database_ThatTakesNothingNow_RejectsNoRow(string broken, string mended)
    {
        using var held = new HeldConnection(Database);
        Current = held;
        await held.ExecuteAsync(broken);
        List<CallRow> rows = [.. Enumerable.Range(0, 400).Select(_ => Rows.Full())];
        rows.ForEach(Journal.Settle);
        Assert.Equal(ShipResult.Away, await Shipper.ShipAsync(Tail, CancellationToken.None));

        await held.ExecuteAsync(mended);
        await ShipAllAsync();

        Assert.Equal(400, (await TableAsync()).Count);
        Assert.Equal(0, Rejected.Count);
    }

    [Fact]
    public async Task Text_ThatNoDatabaseTakes_IsShipped()
    {
        Journal.Settle(Rows.New() with { EndUser = "a\0\ud800" + new string('x', 20_000), Tags = ["\0"], Tries = [new("\udc00", "p", "\0", double.NaN)] });

        await ShipAllAsync();

        CallRow row = Assert.Single(await TableAsync());
        Assert.StartsWith("a \ufffdxx", row.EndUser, StringComparison.Ordinal);
        Assert.Equal(0, Assert.Single(row.Tries).ElapsedMs);
    }

    [Fact]
    public async Task Rows_ThatDifferFromTheOneBefore_AreEachReadBackAsTheyAre()
    {
        CallRow full = Rows.Full();
        CallRow[] kinds =
        [
            full with { Fallback = null, CostUsd = 1 },
            new() { Id = "", FinishedAt = Rows.Noon, StartedAt = Rows.Noon, Endpoint = "", Status = 0, Duration = TimeSpan.Zero, Outcome = "success", UsageSource = "none", Cache = "bypass" },
            Rows.New(),
            Rows.New() with { EndUser = "", Tags = [""], Tries = [new("\"é\"", "", "a\\b", 1.2345)], Attempts = 1 },
            Rows.New() with { EndUser = "\u0e01", Key = "a", Workspace = "aa", Tags = [.. Enumerable.Range(0, 32).Select(i => new string('x', 200) + i)] },
        ];
        CallRow[] rows = [.. Enumerable.Range(0, 200).Select(i => kinds[i * 7 % 13 % kinds.Length] with { Id = Guid.CreateVersion7().ToString() })];
        rows.ToList().ForEach(Journal.Settle);

        await ShipAllAsync();

        Dictionary<string, CallRow> table = (await TableAsync()).ToDictionary(row => row.Id);
        Assert.Equal(rows.Length, table.Count);
        Assert.All(rows, row => Rows.AssertSame(row with { Tries = [.. row.Tries.Select(one => one with { ElapsedMs = Math.Round(one.ElapsedMs, 3) })] }, table[row.Id]));
    }

    [Fact]
    public async Task Objects_AndTheTable_SayTheSame() // PostgreSQL is given the objects.
    {
        CallRow bare = new() { Id = Guid.CreateVersion7().ToString(), FinishedAt = Rows.Noon, Endpoint = "chat", Status = 503, Duration = TimeSpan.FromSeconds(1) };
        var batch = new RowBatch(10);
        foreach (CallRow row in (CallRow[])[Rows.Full(), bare, Rows.New()])
        {
            using PayloadWriter record = CallCodec.Encode(Guid.Parse(row.Id), row);
            batch.Add(record.Payload);
        }

        await CallInsert.WriteAsync(Database, batch, (int[])[0, 1, 2], CancellationToken.None);

        List<CallRow> table = await TableAsync();
        Assert.All(StoredCall.Of(batch, [0, 1, 2]), call => Rows.AssertSame(call.ToRow(), Assert.Single(table, row => row.Id == call.Id)));
    }

    [Fact]
    public async Task Batch_LargerThanOne_IsShippedWhole()
    {
        List<CallRow> rows = [.. Enumerable.Range(0, 4100).Select(_ => Rows.New())];
        rows.ForEach(Journal.Settle);

        await ShipAllAsync();

        Assert.Equal(rows.Select(row => row.Id).Order(), (await TableAsync()).Select(row => row.Id).Order());
    }

    [Fact]
    public async Task Record_ThatIsWholeAndMakesNoSense_IsPassedOver()
    {
        (CallRow first, CallRow second) = (Rows.New(), Rows.New());
        var source = new MadeUpRecords(Payload(first), Payload(Rows.New())[..40], Payload(second)[..60], Payload(second));

        await ShipAllAsync(source);

        Assert.Equal(new[] { first.Id, second.Id }.Order(StringComparer.Ordinal), (await TableAsync()).Select(row => row.Id).Order(StringComparer.Ordinal));
        Assert.Equal((4, 0), (source.ShippedRows, Rejected.Count));
    }

    private static byte[] Payload(CallRow row)
    {
        using PayloadWriter record = CallCodec.Encode(Guid.Parse(row.Id), row);
        return record.Payload.ToArray();
    }

    /// <summary>Records that no journal of ours would hold.</summary>
    private sealed class MadeUpRecords(params byte[][] payloads) : IRowSource
    {
        public int ShippedRows { get; private set; }

        public void Read(RowBatch rows)
        {
            foreach (byte[] payload in payloads.Skip(ShippedRows))
            {
                rows.Add(payload);
            }
        }

        public void Shipped(int rows) => ShippedRows += rows;
    }
}
