namespace LlmProxy.Accounting.Journal;

/// <summary>Looks for directories whose owners are dead. What one left waits here until it is in the database.</summary>
internal sealed class SiblingJournals(CallJournal journal, ILogger logger) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<DeadJournal> _dead = [];
    private readonly HashSet<string> _left = new(StringComparer.Ordinal);

    /// <summary>The one to ship now.</summary>
    public DeadJournal? Next
    {
        get
        {
            lock (_gate)
            {
                return _dead.Count > 0 ? _dead[0] : null;
            }
        }
    }

    public void Look()
    {
        if (journal.Owner is not { LocksHold: true } own)
        {
            return;
        }

        foreach (string directory in Directory.GetDirectories(journal.Root))
        {
            if (directory != own.Path && !_left.Contains(directory) && OwnedDirectory.TryAdopt(directory) is { } owner)
            {
                Adopt(owner);
            }
        }
    }

    /// <summary>All of it is in the database.</summary>
    public void Done(DeadJournal dead)
    {
        dead.Delete();
        lock (_gate)
        {
            _dead.Remove(dead);
            journal.Adopted(0, _dead.Sum(one => one.Bytes));
        }
    }

    public void Dispose() => _dead.ForEach(dead => dead.Dispose());

    private void Adopt(OwnedDirectory owner)
    {
        DeadJournal dead;
        try
        {
            dead = DeadJournal.Open(owner, journal.Shipped);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            _left.Add(owner.Path);
            logger.DeadJournalLeft(owner.Path, e.Message);
            return;
        }

        if (dead.DamagedBytes > 0)
        {
            logger.DeadJournalDamaged(dead.Directory, dead.DamagedBytes);
        }

        if (dead.IsUnreadable)
        {
            logger.DeadJournalPutAside(dead.PutAside());
            return;
        }

        if (dead.Rows > 0)
        {
            logger.DeadJournalFound(dead.Directory, dead.Rows, dead.InterruptedCalls);
        }

        lock (_gate)
        {
            _dead.Add(dead);
            journal.Adopted(dead.Rows, _dead.Sum(one => one.Bytes));
        }
    }
}
