using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Accounting.Journal;

/// <summary>The process's own memory of its calls, which outlives the process. A call is begun here before it is dispatched and settled before the bytes that end its answer: whoever finds the files of a killed process knows every call.</summary>
internal sealed class CallJournal(ILogger<CallJournal> logger) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, OpenCall> _open = [];
    private readonly JournalRoom _room = new(logger);
    private OwnedDirectory? _owner;
    private SegmentLog? _log;
    private volatile JournalWriter? _writer;
    private uint _seed;
    private long _pending;

    /// <summary>False: the journal is full and refuses new calls. What runs can always be settled.</summary>
    public bool MayBegin => _room.MayBegin;

    /// <summary>Rows that the database does not hold yet.</summary>
    public long Pending => Interlocked.Read(ref _pending);

    /// <summary>Calls that were not written down, because the journal was full.</summary>
    public long Dropped => _room.Dropped;

    /// <summary>Where every process has its directory.</summary>
    public string Root { get; private set; } = "";

    /// <summary>Null until it is open.</summary>
    public OwnedDirectory? Owner => _owner;

    /// <summary>Called with every configuration; the directory counts at the first time alone.</summary>
    public void Use(JournalOptions options, string root)
    {
        string directory = Path.GetFullPath(Path.Combine(root, options.Directory));
        lock (_gate)
        {
            if (Root.Length == 0)
            {
                Root = directory;
            }
            else if (Root != directory)
            {
                logger.JournalStays(Root);
            }

            _room.Use(options);
        }
    }

    /// <summary>Takes a directory of its own. Null: the disk does not let it; until it does, no call may begin.</summary>
    public JournalTail? TryOpen()
    {
        try
        {
            Directory.CreateDirectory(Root);
            return Open(OwnedDirectory.Create(Root));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _room.Fail(e.Message, Root);
            return null;
        }
    }

    /// <summary>A call is about to be dispatched. The draft is what the ledger says of it if this process dies now.</summary>
    public void Begin(CallRow draft, IRunningCall call)
    {
        Guid id = CallCodec.IdOf(draft);
        using PayloadWriter record = CallCodec.Encode(id, draft);
        ReadOnlySpan<byte> bytes = record.Seal(RecordType.Begin, _seed);
        lock (_gate)
        {
            if (_room.TakesNew)
            {
                _writer?.TryAppend(bytes);
                _open[id] = new OpenCall(draft, call, null);
            }
        }
    }

    /// <summary>Another LLM was chosen: from here on this draft holds.</summary>
    public void Changed(CallRow draft)
    {
        Guid id = CallCodec.IdOf(draft);
        using PayloadWriter record = CallCodec.Encode(id, draft);
        ReadOnlySpan<byte> bytes = record.Seal(RecordType.Attempt, _seed);
        lock (_gate)
        {
            ref OpenCall open = ref CollectionsMarshal.GetValueRefOrNullRef(_open, id);
            if (!Unsafe.IsNullRef(ref open))
            {
                (open.Draft, open.Progress) = (draft, null);
                _writer?.TryAppend(bytes);
            }
        }
    }

    /// <summary>The call is over, or is about to be: the first row of an id counts. Calls without a Begin (cached ones) come here alone.</summary>
    public void Settle(CallRow row)
    {
        Guid id = CallCodec.IdOf(row);
        using PayloadWriter record = CallCodec.Encode(id, row);
        ReadOnlySpan<byte> bytes = record.Seal(RecordType.Settled, _seed);
        lock (_gate)
        {
            bool hasBegun = _open.Remove(id);
            if (_writer is not { } writer || (!hasBegun && !_room.TakesSettledAlone))
            {
                _room.Drop();
                return;
            }

            if (writer.TryAppend(bytes) || writer.KeepForLater(bytes))
            {
                Interlocked.Increment(ref _pending);
            }
            else
            {
                _room.Drop();
            }
        }
    }

    /// <summary>Once a second: how far every running call has come, in one write.</summary>
    public void TellProgress()
    {
        if (!_room.TakesNew)
        {
            return; // What is left of the room is for settling.
        }

        List<KeyValuePair<Guid, IRunningCall>> running = Running();
        using var records = new MemoryStream();
        var told = new List<KeyValuePair<Guid, CallProgress>>();
        foreach ((Guid id, IRunningCall call) in running)
        {
            if (call.TryTell(out CallProgress progress))
            {
                using PayloadWriter record = CallCodec.Encode(id, progress);
                records.Write(record.Seal(RecordType.Progress, _seed));
                told.Add(new(id, progress));
            }
        }

        lock (_gate)
        {
            foreach ((Guid id, CallProgress progress) in told)
            {
                ref OpenCall open = ref CollectionsMarshal.GetValueRefOrNullRef(_open, id);
                if (!Unsafe.IsNullRef(ref open))
                {
                    open.Progress = progress;
                }
            }

            if (told.Count > 0)
            {
                _writer?.TryAppend(records.GetBuffer().AsSpan(0, (int)records.Length));
            }
        }
    }

    /// <summary>Once a second: what was written outlives a power cut, the next segment is at hand, and what could not be written is tried again.</summary>
    public void Tend()
    {
        if (_writer is not { } writer || _log is not { } log || !writer.TryPrepare())
        {
            return;
        }

        try
        {
            log.Sync();
        }
        catch (IOException e)
        {
            _room.Fail(e.Message, Root);
            return;
        }

        lock (_gate)
        {
            writer.CatchUp();
        }
    }

    /// <summary>What dead siblings left and this process holds now: it takes room and waits for the database like our own.</summary>
    public void Adopted(int rows, long bytes)
    {
        Interlocked.Add(ref _pending, rows);
        _room.Adopted = bytes;
    }

    /// <summary>The database holds that many rows more.</summary>
    public void Shipped(int rows)
    {
        Interlocked.Add(ref _pending, -rows);
        if (_writer is { } writer)
        {
            _room.Refresh(writer.Bytes);
        }
    }

    /// <summary>The process ends: what is still open is settled with what is known.</summary>
    public void SettleOpen()
    {
        OpenCall[] open;
        lock (_gate)
        {
            open = [.. _open.Values];
        }

        foreach (OpenCall call in open)
        {
            Settle(CallDrafts.Interrupted(call.Draft, call.Progress));
        }
    }

    /// <summary>All is shipped: nothing is left for another process.</summary>
    public void Delete()
    {
        lock (_gate)
        {
            _writer = null;
            _log?.Delete();
            _owner?.Delete();
            (_log, _owner) = (null, null);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _writer = null;
            _log?.Dispose();
            _owner?.Dispose();
            (_log, _owner) = (null, null);
        }
    }

    private JournalTail Open(OwnedDirectory owner)
    {
        var log = new SegmentLog(owner.Path, () => _room.SegmentBytes);
        uint seed = RecordFrame.Seed(owner.Id);
        lock (_gate)
        {
            (_owner, _log, _seed) = (owner, log, seed);
            _writer = new JournalWriter(Root, log, seed, _room, _open);
        }

        if (!owner.LocksHold)
        {
            logger.LocksDoNotHold(Root);
        }

        Tend();
        return new JournalTail(log, seed, Shipped);
    }

    private List<KeyValuePair<Guid, IRunningCall>> Running()
    {
        lock (_gate)
        {
            var running = new List<KeyValuePair<Guid, IRunningCall>>(_open.Count);
            foreach ((Guid id, OpenCall open) in _open)
            {
                running.Add(new(id, open.Call));
            }

            return running;
        }
    }
}
