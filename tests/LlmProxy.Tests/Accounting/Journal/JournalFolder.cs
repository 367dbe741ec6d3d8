using LlmProxy.Accounting;
using LlmProxy.Accounting.Journal;
using LlmProxy.Configuration.Options;
using LlmProxy.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Accounting.Journal;

/// <summary>A directory of journals, and what a test does to it.</summary>
internal sealed class JournalFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<CallJournal> _journals = [];

    public string Path => _folder.File("journal");

    public string Root => _folder.Path;

    public (CallJournal Journal, JournalTail Tail) Open(long maxBytes = 0, WhenFull whenFull = WhenFull.Refuse)
    {
        CallJournal journal = New(maxBytes, whenFull);
        return (journal, journal.TryOpen()!);
    }

    public CallJournal New(long maxBytes = 0, WhenFull whenFull = WhenFull.Refuse)
    {
        var journal = new CallJournal(NullLogger<CallJournal>.Instance);
        journal.Use(new JournalOptions { Directory = "journal", MaxBytes = maxBytes, WhenFull = whenFull }, _folder.Path);
        _journals.Add(journal);
        return journal;
    }

    /// <summary>What another process finds when this journal's owner is killed now: a copy of its files, locked by nobody.</summary>
    public string Abandon(CallJournal journal)
    {
        string copy = System.IO.Path.Combine(Directory.CreateDirectory(_folder.File("abandoned-" + Guid.NewGuid())).FullName, System.IO.Path.GetFileName(journal.Owner!.Path));
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.GetFiles(journal.Owner.Path))
        {
            using FileStream to = File.Create(System.IO.Path.Combine(copy, System.IO.Path.GetFileName(file)));
            if (!file.EndsWith("lock", StringComparison.Ordinal))
            {
                using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                from.CopyTo(to);
            }
        }

        return copy;
    }

    internal static DeadJournal Adopt(string directory) => DeadJournal.Open(OwnedDirectory.TryAdopt(directory)!, _ => { });

    /// <summary>All that a journal still has to ship, in batches of a few.</summary>
    public static List<CallRow> ReadAll(IRowSource source, int most = 7)
    {
        var all = new List<CallRow>();
        var batch = new RowBatch(most);
        do
        {
            batch.Clear();
            source.Read(batch);
            for (int row = 0; row < batch.Count; row++)
            {
                all.Add(CallCodec.ReadRow(batch[row]));
            }

            source.Shipped(batch.Count);
        }
        while (batch.Count > 0);
        return all;
    }

    public void Dispose()
    {
        _journals.ForEach(journal => journal.Dispose());
        _folder.Dispose();
    }
}
