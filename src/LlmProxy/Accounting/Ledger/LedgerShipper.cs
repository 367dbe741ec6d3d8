using System.Runtime.InteropServices;
using LlmProxy.Accounting.Journal;
using LlmProxy.Storage;

namespace LlmProxy.Accounting.Ledger;

/// <summary>
/// The one writer of the ledger: brings rows from journals into the database in batches. A row that the database will
/// never take is found by halving and put aside; a database that takes nothing now is waited for.
/// </summary>
internal sealed class LedgerShipper(Func<IDatabase?> database, Func<string> whyAway, RejectedRows rejected, CallJournal journal, TimeProvider time, ILogger logger)
{
    private const int MostRows = 2000;
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(5);

    private readonly RowBatch _rows = new(MostRows);
    private readonly Dictionary<Guid, int> _byId = new(MostRows);
    private readonly List<int> _picked = new(MostRows);
    private IRowSource? _source;
    private long _missingSince;
    private bool _isAway;
    private bool _isStuck;

    /// <summary>Ships one batch: that of another source first, when the database did not take it before.</summary>
    public async Task<ShipResult> ShipAsync(IRowSource source, CancellationToken cancellation)
    {
        if (_source is null)
        {
            source.Read(_rows);
            if (_rows.Count == 0)
            {
                source.Shipped(0);
                return ShipResult.Nothing;
            }

            _source = source;
            Collect();
        }

        if (!await TryWriteAsync(cancellation))
        {
            return ShipResult.Away;
        }

        _source.Shipped(_rows.Count);
        _source = null;
        _rows.Clear();
        _byId.Clear();
        _picked.Clear();
        return ShipResult.Shipped;
    }

    private async Task<bool> TryWriteAsync(CancellationToken cancellation)
    {
        if (database() is not { } current)
        {
            // It is opened behind the start: rows of that moment are no news.
            _missingSince = _missingSince == 0 ? time.GetTimestamp() : _missingSince;
            if (time.GetElapsedTime(_missingSince) > Usual)
            {
                Say(whyAway());
            }

            return false;
        }

        try
        {
            await WriteAsync(current, _picked.ToArray(), cancellation);
            _missingSince = 0;
            if (_isAway)
            {
                _isAway = false;
                logger.LedgerBack();
            }

            return true;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            Say(e.Message);
            return false;
        }
    }

    /// <summary>Halves that are written stay written: writing them once more would change nothing.</summary>
    private async Task WriteAsync(IDatabase current, ReadOnlyMemory<int> picked, CancellationToken cancellation)
    {
        try
        {
            await CallInsert.WriteAsync(current, _rows, picked, cancellation);
            return;
        }
        catch (Exception e) when (BadRow.Explains(e))
        {
            if (picked.Length == 1)
            {
                Reject(picked.Span[0], e.Message);
                return;
            }
        }

        await WriteAsync(current, picked[..(picked.Length / 2)], cancellation);
        await WriteAsync(current, picked[(picked.Length / 2)..], cancellation);
    }

    private void Reject(int row, string reason)
    {
        if (TryRead(row) is { } call)
        {
            PutAside(call, reason);
        }

        _picked.Remove(row); // Put aside once, even if the rest must be tried again.
    }

    /// <summary>A row that can be put nowhere holds up the others: once they are shipped, its place in the journal is gone.</summary>
    private void PutAside(StoredCall call, string reason)
    {
        bool fits;
        try
        {
            fits = rejected.Add(call, reason);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_isStuck)
            {
                _isStuck = true;
                logger.RowStuck(call.Id, reason, rejected.Path, e.Message);
            }

            throw;
        }

        _isStuck = false;
        if (fits)
        {
            logger.RowRejected(call.Id, reason, rejected.Path);
        }
        else
        {
            logger.RowLost(call.Id, reason, rejected.Path);
        }
    }

    /// <summary>One row for each call: the first word on it, unless that was only that it was interrupted.</summary>
    private void Collect()
    {
        for (int row = 0; row < _rows.Count; row++)
        {
            ref int place = ref CollectionsMarshal.GetValueRefOrAddDefault(_byId, CallCodec.ReadId(_rows[row]), out bool isKnown);
            if (!isKnown)
            {
                place = _picked.Count;
                _picked.Add(row);
            }
            else if (TryRead(_picked[place]) is null or { Outcome: CallOutcome.Interrupted } && TryRead(row) is { } second && second.Outcome != CallOutcome.Interrupted)
            {
                _picked[place] = row;
            }
        }
    }

    /// <summary>Null: its record is whole and makes no sense.</summary>
    private StoredCall? TryRead(int row)
    {
        try
        {
            return StoredCall.Of(_rows, [row])[0];
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException)
        {
            logger.RecordUnreadable(CallCodec.ReadId(_rows[row]), e.Message);
            return null;
        }
    }

    private void Say(string reason)
    {
        if (!_isAway)
        {
            _isAway = true;
            logger.LedgerAway(reason, journal.Pending);
        }
    }
}

internal enum ShipResult
{
    Nothing,
    Shipped,
    Away,
}
