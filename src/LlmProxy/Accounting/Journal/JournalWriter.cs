namespace LlmProxy.Accounting.Journal;

/// <summary>
/// Appends records, and at a segment's end begins the next one with what is open: an hour-long stream pins no old
/// segment. Used under the journal's lock, except where said otherwise.
/// </summary>
internal sealed class JournalWriter(string directory, SegmentLog log, uint seed, JournalRoom room, Dictionary<Guid, OpenCall> open)
{
    /// <summary>Rows in memory while the disk takes none; beyond it they are counted as dropped.</summary>
    private const int MostUnwritten = 10_000;

    private readonly Queue<byte[]> _unwritten = new();
    private long _copied;

    /// <summary>Readable from any thread.</summary>
    public long Bytes => log.Bytes;

    /// <summary>False: the disk did not take it.</summary>
    public bool TryAppend(ReadOnlySpan<byte> records)
    {
        try
        {
            if (!log.Fits(records.Length))
            {
                Roll();
            }

            log.Current!.Append(records);
            room.Refresh(log.Bytes);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            room.Fail(e.Message, directory);
            return false;
        }
    }

    /// <summary>A settled row is worth keeping until the disk takes it. False: there are too many.</summary>
    public bool KeepForLater(ReadOnlySpan<byte> record)
    {
        if (_unwritten.Count >= MostUnwritten)
        {
            return false;
        }

        _unwritten.Enqueue(record.ToArray());
        return true;
    }

    /// <summary>Without the lock: makes the next segment, which takes a while.</summary>
    public bool TryPrepare()
    {
        try
        {
            log.Prepare();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            room.Fail(e.Message, directory);
            return false;
        }
    }

    /// <summary>Catches up with what the disk did not take before.</summary>
    public void CatchUp()
    {
        try
        {
            log.Current?.TryOut();
            if (!log.MayTrim)
            {
                CopyOpen();
            }

            // Where the room was made smaller: when it is full no record comes that would close this segment.
            if (log.Current is { } current && current.Length - _copied > room.SegmentBytes)
            {
                Roll();
            }

            while (_unwritten.TryPeek(out byte[]? record) && TryAppend(record))
            {
                _unwritten.Dequeue();
            }

            if (_unwritten.Count == 0)
            {
                room.Recover();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            room.Fail(e.Message, directory);
        }
    }

    private void Roll()
    {
        bool isFirst = log.Current is null;
        log.Roll();
        if (!isFirst)
        {
            log.MayTrim = false;
            CopyOpen();
        }
    }

    private void CopyOpen()
    {
        JournalSegment current = log.Current!;
        long before = current.Length;
        foreach ((Guid id, OpenCall call) in open)
        {
            using PayloadWriter record = CallCodec.Encode(id, call.Progress is null ? call.Draft : CallDrafts.Interrupted(call.Draft, call.Progress));
            current.Append(record.Seal(RecordType.Begin, seed));
        }

        // However many calls are open, the segment has its whole size for new records.
        _copied = current.Length - before;
        current.Limit += _copied;
        log.MayTrim = true;
    }
}
