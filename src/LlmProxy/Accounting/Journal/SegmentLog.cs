namespace LlmProxy.Accounting.Journal;

/// <summary>The segments of one process, oldest first. A spare one is made beforehand, so that a full disk is known while what runs can still be settled.</summary>
internal sealed class SegmentLog(string directory, Func<long> segmentBytes) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<JournalSegment> _closed = [];
    private JournalSegment? _current;
    private JournalSegment? _spare;
    private long _closedBytes;
    private int _number;

    /// <summary>What is written and not yet deleted.</summary>
    public long Bytes => Interlocked.Read(ref _closedBytes) + (_current?.Length ?? 0);

    /// <summary>Null until the first record.</summary>
    public JournalSegment? Current => Volatile.Read(ref _current);

    /// <summary>False: open calls of the old segments are not copied into the current one yet.</summary>
    public bool MayTrim { get; set; } = true;

    public bool Fits(int bytes) => _current is { } current && current.Fits(bytes);

    /// <summary>The next segment becomes the current one. Throws when there is neither a spare nor room for one.</summary>
    public JournalSegment Roll()
    {
        JournalSegment next = Interlocked.Exchange(ref _spare, null) ?? NewSegment();
        lock (_gate)
        {
            if (_current is { } old)
            {
                _closed.Add(old);
                _closedBytes += old.Length;
            }

            Volatile.Write(ref _current, next);
        }

        return next;
    }

    /// <summary>Slow; throws when the disk has no room.</summary>
    public void Prepare()
    {
        if (_spare is null && (_current is not { } current || current.Length > current.Limit / 2))
        {
            JournalSegment made = NewSegment();
            Interlocked.Exchange(ref _spare, made)?.Delete();
        }
    }

    /// <summary>The first segment after that number; null: there is none yet.</summary>
    public JournalSegment? After(int number)
    {
        lock (_gate)
        {
            return _closed.Find(segment => segment.Number > number) ?? (_current is { } current && current.Number > number ? current : null);
        }
    }

    public void Sync()
    {
        JournalSegment[] closed;
        lock (_gate)
        {
            closed = [.. _closed];
        }

        foreach (JournalSegment segment in closed)
        {
            segment.Sync();
        }

        Current?.Sync();
    }

    /// <summary>Deletes what lies before that segment.</summary>
    public void TrimBefore(JournalSegment first)
    {
        List<JournalSegment> old;
        lock (_gate)
        {
            old = _closed.FindAll(segment => segment.Number < first.Number);
            if (old.Count == 0 || !MayTrim)
            {
                return;
            }
        }

        // The calls that were open at the roll are known to the younger segments alone from here on.
        Sync();
        lock (_gate)
        {
            _closed.RemoveAll(old.Contains);
            _closedBytes -= old.Sum(segment => segment.Length);
        }

        old.ForEach(segment => segment.Delete());
    }

    /// <summary>All of it is shipped.</summary>
    public void Delete()
    {
        foreach (JournalSegment segment in All())
        {
            segment.Delete();
        }
    }

    public void Dispose()
    {
        foreach (JournalSegment segment in All())
        {
            segment.Dispose();
        }
    }

    private List<JournalSegment> All()
    {
        lock (_gate)
        {
            return [.. _closed, .. new[] { _current, _spare }.OfType<JournalSegment>()];
        }
    }

    private JournalSegment NewSegment() => JournalSegment.Create(directory, Interlocked.Increment(ref _number), segmentBytes());
}
