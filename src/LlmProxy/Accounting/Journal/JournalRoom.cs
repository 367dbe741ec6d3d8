using LlmProxy.Configuration.Options;

namespace LlmProxy.Accounting.Journal;

/// <summary>How much of the journal's room is taken, and what follows from it: new calls stop at 95 %, so that what runs can always be settled.</summary>
internal sealed class JournalRoom(ILogger logger)
{
    /// <summary>The segment being written stays when all is shipped, with what was open at its begin: with less room, it alone could fill it.</summary>
    public const long LeastBytes = 3 * SmallestSegment;

    private const long LargestSegment = 64L << 20;
    private const long SmallestSegment = 64L << 10;
    private const int SegmentsAtLeast = 8;

    private readonly Lock _gate = new();
    private WhenFull _whenFull;
    private long _most;
    private long _stopAt = long.MaxValue;
    private long _taken;
    private long _adopted;
    private long _dropped;
    private volatile bool _takesNew;
    private volatile bool _mayBegin;
    private bool _isFailing = true;
    private bool _isFailureSaid;
    private bool _isSaid;

    /// <summary>What the pipeline asks for every call.</summary>
    public bool MayBegin => _mayBegin;

    /// <summary>False: a call that begins now is not written down.</summary>
    public bool TakesNew => _takesNew;

    /// <summary>Rows of calls that never began (answers from the cache) may fill the reserve, and no more than that.</summary>
    public bool TakesSettledAlone => _takesNew || (_whenFull == WhenFull.Refuse && (_most == 0 || Interlocked.Read(ref _taken) < _most));

    public long Dropped => Interlocked.Read(ref _dropped);

    public long Adopted
    {
        set
        {
            Interlocked.Exchange(ref _adopted, value);
            Refresh(Interlocked.Read(ref _taken));
        }
    }

    public long SegmentBytes => _most == 0 ? LargestSegment : Math.Clamp(_most / SegmentsAtLeast, SmallestSegment, LargestSegment);

    public void Use(JournalOptions options)
    {
        lock (_gate)
        {
            _whenFull = options.WhenFull;
            _most = options.MaxBytes;
            _stopAt = _most == 0 ? long.MaxValue : _most - (_most / 20);
            Turn_NeedsLock();
        }
    }

    /// <summary>Called with every record: nothing happens unless something changes.</summary>
    public void Refresh(long taken)
    {
        Interlocked.Exchange(ref _taken, taken);
        if (_takesNew != Takes)
        {
            lock (_gate)
            {
                Turn_NeedsLock();
            }
        }
    }

    public void Drop() => Interlocked.Increment(ref _dropped);

    /// <summary>The disk does not take what is written.</summary>
    public void Fail(string reason, string directory)
    {
        lock (_gate)
        {
            _isFailing = true;
            Turn_NeedsLock();
            if (!_isFailureSaid)
            {
                _isFailureSaid = true;
                _isSaid = true;
                logger.JournalUnwritable(directory, reason, _whenFull == WhenFull.Refuse ? "refused with 503 journal_full" : "served and not written down");
            }
        }
    }

    /// <summary>The disk takes it again, or for the first time.</summary>
    public void Recover()
    {
        lock (_gate)
        {
            _isFailing = false;
            _isFailureSaid = false;
            Turn_NeedsLock();
        }
    }

    private bool Takes => !_isFailing && Interlocked.Read(ref _taken) + Interlocked.Read(ref _adopted) < _stopAt;

    private void Turn_NeedsLock()
    {
        bool takes = Takes;
        bool isNews = takes != _takesNew;
        _takesNew = takes;
        _mayBegin = takes || _whenFull == WhenFull.Drop;
        if (!isNews || (takes && !_isSaid))
        {
            return;
        }

        if (takes)
        {
            logger.JournalHasRoom(Dropped);
        }
        else if (!_isFailing && _whenFull == WhenFull.Refuse)
        {
            logger.JournalFull(Interlocked.Read(ref _taken) + Interlocked.Read(ref _adopted), _most);
        }
        else if (!_isFailing)
        {
            logger.JournalDrops(Interlocked.Read(ref _taken) + Interlocked.Read(ref _adopted), _most);
        }

        _isSaid = !takes;
    }
}
