using LlmProxy.Accounting;
using LlmProxy.Accounting.Journal;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Accounting.Journal;

/// <summary>Several processes below one directory: the dead are taken up once, the living never.</summary>
public sealed class SiblingJournalsTests : IDisposable
{
    private readonly JournalFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sibling_Alive_IsLeftAlone()
    {
        (CallJournal one, _) = _folder.Open();
        (CallJournal two, _) = _folder.Open();
        one.Settle(Rows.New());

        using SiblingJournals siblings = Look(two);

        Assert.Null(siblings.Next);
        Assert.Equal(0, two.Pending);
    }

    [Fact]
    public void Sibling_Dead_IsTakenUpByOneAloneAndThenGone()
    {
        (CallJournal dead, _) = _folder.Open();
        CallRow row = Rows.New();
        dead.Settle(row);
        string directory = dead.Owner!.Path;
        dead.Dispose();
        (CallJournal one, _) = _folder.Open();
        (CallJournal two, _) = _folder.Open();

        using SiblingJournals first = Look(one);
        using SiblingJournals second = Look(two);

        Assert.Null(second.Next);
        Assert.Equal(row.Id, Assert.Single(JournalFolder.ReadAll(first.Next!)).Id);
        Assert.True(Directory.Exists(directory));
        first.Done(first.Next!);
        Assert.False(Directory.Exists(directory));
        Assert.Null(first.Next);
        Assert.Equal(0, one.Pending);
    }

    [Fact]
    public void Sibling_OfAProcessThatDiedWhileShipping_IsTakenUpByTheNext()
    {
        (CallJournal dead, _) = _folder.Open();
        dead.Settle(Rows.New());
        dead.Dispose();
        (CallJournal one, _) = _folder.Open();
        using (SiblingJournals first = Look(one))
        {
            JournalFolder.ReadAll(first.Next!);
        }

        (CallJournal two, _) = _folder.Open();
        using SiblingJournals second = Look(two);

        Assert.Single(JournalFolder.ReadAll(second.Next!));
    }

    [Fact]
    public void Sibling_WithoutItsLockFile_IsTakenUp()
    {
        (CallJournal dead, _) = _folder.Open();
        dead.Settle(Rows.New());
        string directory = dead.Owner!.Path;
        dead.Dispose();
        File.Delete(Path.Combine(directory, "lock"));
        (CallJournal one, _) = _folder.Open();

        using SiblingJournals siblings = Look(one);

        Assert.Equal(1, one.Pending);
    }

    [Fact]
    public void Sibling_ThatCannotBeRead_IsPutAsideAndKept()
    {
        string directory = Directory.CreateDirectory(Path.Combine(_folder.Path, Guid.NewGuid().ToString())).FullName;
        File.WriteAllBytes(Path.Combine(directory, "00000001.journal"), [.. Enumerable.Range(0, 1000).Select(i => (byte)i)]);
        (CallJournal one, _) = _folder.Open();

        using SiblingJournals siblings = Look(one);

        Assert.Null(siblings.Next);
        Assert.Equal(1000, new FileInfo(Path.Combine(directory + ".damaged", "00000001.journal")).Length);
        siblings.Look();
        Assert.Null(siblings.Next);
    }

    [Fact]
    public void Sibling_ThatIsNoJournal_IsNotTouched()
    {
        string other = Directory.CreateDirectory(Path.Combine(_folder.Path, "somebody-elses")).FullName;
        (CallJournal one, _) = _folder.Open();

        using SiblingJournals siblings = Look(one);

        Assert.Empty(Directory.GetFileSystemEntries(other));
    }

    [Fact]
    public void DeadSibling_TakesOfTheRoom()
    {
        (CallJournal dead, _) = _folder.Open();
        for (int i = 0; i < 4000; i++)
        {
            dead.Settle(Rows.Full());
        }

        dead.Dispose();
        (CallJournal one, _) = _folder.Open(maxBytes: 1 << 20);
        Assert.True(one.MayBegin);

        using SiblingJournals siblings = Look(one);
        Assert.False(one.MayBegin);

        JournalFolder.ReadAll(siblings.Next!);
        siblings.Done(siblings.Next!);
        Assert.True(one.MayBegin);
    }

    [Fact]
    public async Task Siblings_StartingTogether_NeverTakeEachOtherForDead()
    {
        SiblingJournals[] all = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() =>
        {
            CallJournal journal;
            lock (_folder)
            {
                journal = _folder.New();
            }

            Assert.NotNull(journal.TryOpen());
            journal.Settle(Rows.New());
            SiblingJournals siblings = Look(journal);
            for (int i = 0; i < 20; i++)
            {
                siblings.Look();
            }

            return siblings;
        })));

        Assert.All(all, siblings => Assert.Null(siblings.Next));
    }

    private static SiblingJournals Look(CallJournal journal)
    {
        var siblings = new SiblingJournals(journal, NullLogger.Instance);
        siblings.Look();
        return siblings;
    }
}
