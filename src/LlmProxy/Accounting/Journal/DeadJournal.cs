namespace LlmProxy.Accounting.Journal;

/// <summary>What a dead process left: its settled rows as they are, and of what was open the last that was known.</summary>
internal sealed class DeadJournal : IRowSource, IDisposable
{
    private readonly OwnedDirectory _owner;
    private readonly uint _seed;
    private readonly List<JournalSegment> _segments = [];
    private readonly Dictionary<Guid, (byte[] Draft, CallProgress? Progress)> _open = [];
    private readonly Action<int> _onShipped;
    private Queue<CallRow>? _interrupted;
    private SegmentReader? _reader;
    private int _next;

    private DeadJournal(OwnedDirectory owner, Action<int> onShipped)
    {
        (_owner, _seed, _onShipped) = (owner, RecordFrame.Seed(owner.Id), onShipped);
    }

    public string Directory => _owner.Path;

    public long Bytes => _segments.Sum(segment => segment.Length);

    /// <summary>Rows in all, those of interrupted calls included.</summary>
    public int Rows { get; private set; }

    public int InterruptedCalls { get; private set; }

    public long DamagedBytes { get; private set; }

    /// <summary>There is something in it, and nothing that can be read.</summary>
    public bool IsUnreadable { get; private set; }

    /// <summary>Throws when it is a newer version's or the disk fails; then it is left as it is.</summary>
    public static DeadJournal Open(OwnedDirectory owner, Action<int> onShipped)
    {
        var journal = new DeadJournal(owner, onShipped);
        try
        {
            foreach (string path in System.IO.Directory.GetFiles(owner.Path, "*" + JournalSegment.Ending).Order(StringComparer.Ordinal))
            {
                journal._segments.Add(JournalSegment.Open(path));
            }

            journal.Survey();
            return journal;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    public void Read(RowBatch rows)
    {
        while (!rows.IsFull && TryNextSettled())
        {
            rows.Add(_reader!.Payload);
        }

        _interrupted ??= rows.IsFull ? null : new(_open.Values.Select(open => CallDrafts.Interrupted(CallCodec.ReadRow(open.Draft), open.Progress)));
        while (!rows.IsFull && _interrupted!.TryDequeue(out CallRow? row))
        {
            using PayloadWriter record = CallCodec.Encode(CallCodec.IdOf(row), row);
            rows.Add(record.Payload);
        }
    }

    public void Shipped(int rows) => _onShipped(rows);

    /// <summary>Everything is in the database: records first, lock last.</summary>
    public void Delete()
    {
        _reader?.Dispose();
        _segments.ForEach(segment => segment.Delete());
        _segments.Clear();
        _owner.Delete();
    }

    /// <summary>Out of the way of those who look for dead siblings, for an operator to look at.</summary>
    public string PutAside()
    {
        string aside = Directory + ".damaged";
        System.IO.Directory.Move(Directory, aside);
        Dispose();
        return aside;
    }

    public void Dispose()
    {
        _reader?.Dispose();
        _reader = null;
        _segments.ForEach(segment => segment.Dispose());
        _owner.Dispose();
    }

    private void Survey()
    {
        long good = 0;
        foreach (JournalSegment segment in _segments)
        {
            using var reader = new SegmentReader(segment, _seed);
            while (reader.TryRead())
            {
                Survey(reader);
            }

            DamagedBytes += reader.DamagedBytes;
            good += reader.GoodRecords;
        }

        InterruptedCalls = _open.Count;
        Rows += _open.Count;
        IsUnreadable = good == 0 && DamagedBytes > 0;
    }

    private void Survey(SegmentReader reader)
    {
        Guid id = CallCodec.ReadId(reader.Payload);
        switch (reader.Type)
        {
            case RecordType.Begin or RecordType.Attempt:
                _open[id] = (reader.Payload.ToArray(), null);
                break;
            case RecordType.Progress when _open.TryGetValue(id, out (byte[] Draft, CallProgress? Progress) known):
                _open[id] = (known.Draft, CallCodec.ReadProgress(reader.Payload));
                break;
            case RecordType.Settled:
                _open.Remove(id);
                Rows++;
                break;
        }
    }

    private bool TryNextSettled()
    {
        while (true)
        {
            if (_reader is null)
            {
                if (_next == _segments.Count)
                {
                    return false;
                }

                _reader = new SegmentReader(_segments[_next++], _seed);
            }

            while (_reader.TryRead())
            {
                if (_reader.Type == RecordType.Settled)
                {
                    return true;
                }
            }

            _reader.Dispose();
            _reader = null;
        }
    }
}
