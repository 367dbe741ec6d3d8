using LlmProxy.Accounting;
using LlmProxy.Accounting.Journal;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Tests.Accounting.Journal;

/// <summary>The journal as the calls and the ledger use it, and what another process finds of it.</summary>
public sealed class CallJournalTests : IDisposable
{
    private const long Small = 1 << 20; // Segments of 128 KB.

    private readonly JournalFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Settled_IsReadOnce()
    {
        (CallJournal journal, JournalTail tail) = _folder.Open();
        CallRow row = Rows.Full();
        journal.Begin(Rows.Draft(row), new RunningCall());
        Assert.Empty(JournalFolder.ReadAll(tail));

        journal.Settle(row);

        Assert.Equal(1, journal.Pending);
        Rows.AssertSame(row, Assert.Single(JournalFolder.ReadAll(tail)));
        Assert.Empty(JournalFolder.ReadAll(tail));
        Assert.Equal(0, journal.Pending);
    }

    [Fact]
    public void Killed_BetweenBeginAndSettle_LeavesTheDraft()
    {
        (CallJournal journal, _) = _folder.Open();
        CallRow done = Rows.New();
        CallRow open = Rows.New();
        CallRow cached = Rows.New() with { Cache = "hit" };
        journal.Begin(Rows.Draft(done), new RunningCall());
        journal.Begin(Rows.Draft(open), new RunningCall());
        journal.Settle(done);
        journal.Settle(cached);

        using DeadJournal dead = JournalFolder.Adopt(_folder.Abandon(journal));

        Assert.Equal((3, 1), (dead.Rows, dead.InterruptedCalls));
        List<CallRow> rows = JournalFolder.ReadAll(dead, most: 2);
        Assert.Equal([done.Id, cached.Id, open.Id], rows.Select(row => row.Id));
        Rows.AssertSame(Rows.Draft(open), rows[2]);
        Assert.Equal(("interrupted", "estimated"), (rows[2].Outcome, rows[2].UsageSource));
    }

    [Fact]
    public void Killed_AfterProgress_LeavesWhatWasUsedByThen()
    {
        (CallJournal journal, _) = _folder.Open();
        (CallRow first, CallRow second) = (Rows.New(), Rows.New());
        (RunningCall a, RunningCall b) = (new(), new());
        journal.Begin(Rows.Draft(first), a);
        journal.Begin(Rows.Draft(second), b);
        a.News = b.News = new CallProgress(new TokenUsage(9, 0, 0, 100, 0), "estimated", 0.01m);
        journal.TellProgress();
        a.News = new CallProgress(new TokenUsage(9, 0, 0, 200, 0), "reported", 0.02m);
        journal.TellProgress();
        CallRow moved = Rows.Draft(second) with { Llm = "next", CostUsd = 0.011m };
        journal.Changed(moved);

        using DeadJournal dead = JournalFolder.Adopt(_folder.Abandon(journal));
        Dictionary<string, CallRow> rows = JournalFolder.ReadAll(dead).ToDictionary(row => row.Id);

        Assert.Equal((200, 0.02m, "estimated"), (rows[first.Id].Usage.Output, rows[first.Id].CostUsd, rows[first.Id].UsageSource));
        Assert.Equal((0, 0.011m, "next"), (rows[second.Id].Usage.Output, rows[second.Id].CostUsd, rows[second.Id].Llm));
    }

    [Fact]
    public void Roll_WithOpenCalls_PinsNoOldSegmentAndForgetsNone()
    {
        (CallJournal journal, JournalTail tail) = _folder.Open(Small);
        List<CallRow> open = [.. Enumerable.Range(0, 20).Select(_ => Rows.Full())];
        List<RunningCall> running = [.. open.Select(_ => new RunningCall())];
        foreach ((CallRow row, RunningCall call) in open.Zip(running))
        {
            journal.Begin(Rows.Draft(row), call);
        }

        running[3].News = new CallProgress(new TokenUsage(1, 0, 0, 77, 0), "estimated", null);
        journal.TellProgress();
        int settled = 0;
        for (int i = 0; i < 3000; i++)
        {
            CallRow row = Rows.Full();
            journal.Begin(Rows.Draft(row), new RunningCall());
            journal.Settle(row);
            settled += i % 100 == 0 ? JournalFolder.ReadAll(tail).Count : 0;
            Assert.True(journal.MayBegin);
        }

        settled += JournalFolder.ReadAll(tail).Count;
        string copy = _folder.Abandon(journal);

        Assert.Equal(3000, settled);
        Assert.InRange(Directory.GetFiles(copy, "*.journal").Length, 1, 2);
        using DeadJournal dead = JournalFolder.Adopt(copy);
        Assert.Equal(20, dead.InterruptedCalls);
        Dictionary<string, CallRow> rows = JournalFolder.ReadAll(dead).Where(row => row.Outcome == "interrupted").ToDictionary(row => row.Id);
        Assert.Equal(open.Select(row => row.Id).Order(), rows.Keys.Order());
        Assert.Equal(77, rows[open[3].Id].Usage.Output);
        Assert.Equal(0.00005m, rows[open[3].Id].CostUsd);
    }

    [Fact]
    public void Full_RefusesNewCallsAndSettlesWhatRuns()
    {
        (CallJournal journal, JournalTail tail) = _folder.Open(Small);
        var open = new Queue<CallRow>();
        int begun = 0;
        for (; journal.MayBegin && begun < 10_000; begun++)
        {
            CallRow row = Rows.Full();
            journal.Begin(Rows.Draft(row), new RunningCall());
            open.Enqueue(row);
            if (open.Count > 50)
            {
                journal.Settle(open.Dequeue());
            }
        }

        Assert.False(journal.MayBegin);
        Assert.InRange(begun, 500, 9_999);
        while (open.TryDequeue(out CallRow? row))
        {
            journal.Settle(row);
        }

        Assert.Equal((0, begun), (journal.Dropped, journal.Pending));
        Assert.Equal(begun, JournalFolder.ReadAll(tail).Select(row => row.Id).Distinct().Count());
        Assert.True(journal.MayBegin);
    }

    [Fact]
    public void Room_MadeSmallerWhileItRuns_IsFreedByShipping()
    {
        (CallJournal journal, JournalTail tail) = _folder.Open(Small * 16);
        List<CallRow> open = [.. Enumerable.Range(0, 600).Select(_ => Rows.Full())];
        open.ForEach(row => journal.Begin(Rows.Draft(row), new RunningCall()));
        for (int i = 0; i < 5000; i++)
        {
            journal.Settle(Rows.Full());
        }

        journal.Use(new JournalOptions { Directory = "journal", MaxBytes = Small }, _folder.Root);
        Assert.False(journal.MayBegin);
        Assert.Equal(5000, JournalFolder.ReadAll(tail).Count);
        journal.Tend();
        JournalFolder.ReadAll(tail);
        JournalFolder.ReadAll(tail);

        Assert.True(journal.MayBegin);
        journal.Tend(); // Makes the spare one.
        string[] files = Files(journal);
        journal.Tend();
        journal.Tend();
        Assert.Equal(files, Files(journal)); // What is open is copied once, and no more until something is added.
        using DeadJournal dead = JournalFolder.Adopt(_folder.Abandon(journal));
        Assert.Equal(open.Select(row => row.Id).Order(StringComparer.Ordinal), JournalFolder.ReadAll(dead).Select(row => row.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Full_WhereDroppingIsAllowed_CountsWhatItDrops()
    {
        (CallJournal journal, JournalTail tail) = _folder.Open(Small, WhenFull.Drop);
        for (int i = 0; i < 5000; i++)
        {
            CallRow row = Rows.Full();
            Assert.True(journal.MayBegin);
            journal.Begin(Rows.Draft(row), new RunningCall());
            journal.Settle(row);
        }

        Assert.InRange(journal.Dropped, 1, 4999);
        Assert.Equal(5000, journal.Dropped + journal.Pending);
        Assert.Equal(5000 - journal.Dropped, JournalFolder.ReadAll(tail).Count);
        long dropped = journal.Dropped;
        journal.Settle(Rows.New());
        Assert.Equal(dropped, journal.Dropped);
    }

    [Fact]
    public void Full_AnswersFromTheCacheStayWithinTheWholeRoom()
    {
        (CallJournal journal, _) = _folder.Open(Small);
        for (int i = 0; i < 6000; i++)
        {
            journal.Settle(Rows.Full());
        }

        Assert.True(journal.Dropped > 0);
        Assert.InRange(Directory.GetFiles(journal.Owner!.Path, "*.journal").Sum(file => new FileInfo(file).Length), Small * 9 / 10, Small * 11 / 10);
    }

    [Fact]
    public void Directory_NotWritable_RefusesUntilItIs()
    {
        CallJournal journal = _folder.New();
        File.WriteAllText(_folder.Path, "a file where the directory should be");
        Assert.Null(journal.TryOpen());
        Assert.False(journal.MayBegin);
        journal.Settle(Rows.New());
        Assert.Equal(1, journal.Dropped);

        File.Delete(_folder.Path);

        Assert.NotNull(journal.TryOpen());
        Assert.True(journal.MayBegin);
    }

    [Fact]
    public void Directory_LostWhileRunning_RefusesAndKeepsWhatIsSettledUntilItIsBack()
    {
        (CallJournal journal, JournalTail tail) = _folder.Open(Small);
        string path = journal.Owner!.Path;
        Directory.Move(path, path + ".away");
        int settled = 0;
        while (journal.MayBegin)
        {
            CallRow row = Rows.Full();
            journal.Begin(Rows.Draft(row), new RunningCall());
            journal.Settle(row);
            settled++;
            Assert.InRange(settled, 1, 5000);
        }

        journal.Tend();
        Assert.False(journal.MayBegin);
        Directory.Move(path + ".away", path);
        journal.Tend();

        Assert.True(journal.MayBegin);
        Assert.Equal(0, journal.Dropped);
        Assert.Equal(settled, JournalFolder.ReadAll(tail).Select(row => row.Id).Distinct().Count());
    }

    [Fact]
    public void End_SettlesWhatIsOpen()
    {
        (CallJournal journal, JournalTail tail) = _folder.Open();
        CallRow row = Rows.New();
        journal.Begin(Rows.Draft(row), new RunningCall());

        journal.SettleOpen();

        CallRow left = Assert.Single(JournalFolder.ReadAll(tail));
        Assert.Equal((row.Id, "interrupted"), (left.Id, left.Outcome));
        journal.Delete();
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Calls_FromManyThreads_AreAllWrittenDown()
    {
        (CallJournal journal, JournalTail tail) = _folder.Open(Small * 64);
        using var stop = new CancellationTokenSource();
        var read = new List<CallRow>();
        Task reader = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                read.AddRange(JournalFolder.ReadAll(tail, 100));
                journal.Tend();
                journal.TellProgress();
                await Task.Yield();
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 2000; i++)
            {
                CallRow row = Rows.New();
                journal.Begin(Rows.Draft(row), new RunningCall { News = new CallProgress(default, "estimated", null) });
                journal.Settle(row);
            }
        })));
        await stop.CancelAsync();
        await reader;
        read.AddRange(JournalFolder.ReadAll(tail));

        Assert.Equal(16_000, read.Count);
        Assert.Equal(16_000, read.Select(row => row.Id).Distinct().Count());
        Assert.Equal(0, journal.Pending);
    }

    private static string[] Files(CallJournal journal) => [.. Directory.GetFiles(journal.Owner!.Path, "*.journal").Order(StringComparer.Ordinal)];
}
