namespace LlmProxy.Accounting.Journal;

/// <summary>Follows what this process writes, for the ledger: however long the database is away, the rows wait in the files and not in memory.</summary>
internal sealed class JournalTail(SegmentLog log, uint seed, Action<int> onShipped) : IRowSource, IDisposable
{
    private SegmentReader? _reader;

    public void Read(RowBatch rows)
    {
        while (!rows.IsFull)
        {
            if (_reader is null && !TryNext())
            {
                return;
            }

            // Looked at before reading: what is appended between the two must not be passed over.
            bool isClosed = log.Current != _reader!.Segment;
            if (_reader.TryRead())
            {
                if (_reader.Type == RecordType.Settled)
                {
                    rows.Add(_reader.Payload);
                }
            }
            else if (!isClosed || !TryNext())
            {
                return;
            }
        }
    }

    public void Shipped(int rows)
    {
        onShipped(rows);
        if (_reader is { } reader)
        {
            log.TrimBefore(reader.Segment);
        }
    }

    public void Dispose() => _reader?.Dispose();

    private bool TryNext()
    {
        if (log.After(_reader?.Segment.Number ?? 0) is not { } next)
        {
            return false;
        }

        _reader?.Dispose();
        _reader = new SegmentReader(next, seed);
        return true;
    }
}
