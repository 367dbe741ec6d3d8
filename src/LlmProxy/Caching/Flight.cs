using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using Microsoft.AspNetCore.Http.Features;

namespace LlmProxy.Caching;

/// <summary>
/// A call to a vendor whose answer is noted on its way to the client (the leader), so that it can be kept, and so that equal
/// calls (followers) have it as it comes. It goes on without its own client while others follow, and ends with the last of them.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A source without a timer holds nothing to give back, and the last follower may cancel it when the leader has ended.")]
internal sealed class Flight(CacheKey key, Exchange leader, long mostBytes)
{
    private const int FirstSize = 4 * 1024;

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _upstream = new();
    private CancellationTokenRegistration _departure;
    private CancellationToken _client;
    private TaskCompletionSource _changed = NewSignal();
    private byte[] _bytes = [];
    private int _length;
    private int _published;
    private long _taken;
    private int _followers;
    private int _live;
    private bool _isBoarded;
    private bool _isClosed;
    private bool _isOver;
    private bool _isDropped;
    private bool _isTorn;
    private bool _isSettled;
    private FlightEnd _end;

    public CacheKey Key => key;

    public Exchange Leader => leader;

    /// <summary>When the leader asked: an answer is as old as this.</summary>
    public long BegunAt { get; } = leader.Time.GetTimestamp();

    /// <summary>Where the answer is kept by its meaning as well; null: it is not.</summary>
    public Semantic.Question? Question { get; set; }

    /// <summary>What the answer came as; known with its first bytes.</summary>
    public string? ContentType { get; private set; }

    /// <summary>The whole answer, once it has landed and is small enough.</summary>
    public CachedAnswer? Answer { get; private set; }

    /// <summary>How near it is, where the answer is one to a question like this.</summary>
    public double? Score { get; private set; }

    public GatewayError? Error { get; private set; }

    /// <summary>The leader's client has gone, and it runs on for others.</summary>
    public bool IsDetached { get; private set; }

    /// <summary>Nobody waited for it any more, and it was stopped.</summary>
    public bool IsGivenUp => _upstream.IsCancellationRequested;

    /// <summary>The leader is about to be sent: what is written to its client is noted from here on.</summary>
    public void Board()
    {
        HttpContext http = leader.Http;
        _client = http.RequestAborted;
        _isBoarded = true;
        http.RequestAborted = _upstream.Token;
        http.Features.Set<IHttpResponseBodyFeature>(new FlightTee(http.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), this));
        _departure = _client.UnsafeRegister(static flight => ((Flight)flight!).LoseClient(), this);
    }

    /// <summary>False when it is too late.</summary>
    /// <param name="isLive">The follower takes the bytes as they come.</param>
    public bool TryJoin(bool isLive)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return false;
            }

            _followers++;
            _live += isLive ? 1 : 0;
            return true;
        }
    }

    public void Leave(bool isLive)
    {
        lock (_gate)
        {
            _followers--;
            _live -= isLive ? 1 : 0;
            DropUnused_NeedsLock();
            if (_followers > 0 || !IsDetached || _end != FlightEnd.Running)
            {
                return;
            }

            _isClosed = true;
        }

        _upstream.Cancel(); // The last who waited for it has gone.
    }

    /// <summary>Bytes of the answer, in the order they go to the client.</summary>
    public void Note(ReadOnlySpan<byte> bytes)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            if (_isDropped || _end != FlightEnd.Running || leader.Error is not null || leader.Account is { IsCut: true })
            {
                return;
            }

            if (TryGrow_NeedsLock(bytes.Length))
            {
                bytes.CopyTo(_bytes.AsSpan(_length));
                _length += bytes.Length;
                if (_length <= mostBytes || _isOver)
                {
                    return;
                }
            }
            else
            {
                // No memory for a copy: the leader's own answer is not touched, who has a part of it cannot have the rest.
                (_isTorn, _isDropped) = (true, true);
            }

            // It goes on for those who take it as it comes, and for nobody else.
            _isOver = _isClosed = true;
            DropUnused_NeedsLock();
            changed = Signal_NeedsLock();
        }

        changed.SetResult();
    }

    /// <summary>What has been noted goes to the leader's client in this moment, and may go to others.</summary>
    public void Publish()
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            if (_published == _length || _end != FlightEnd.Running)
            {
                return;
            }

            _published = _length;
            _isSettled = leader.Account?.Row is not null;
            ContentType ??= leader.Http.Response.ContentType;
            changed = Signal_NeedsLock();
        }

        changed.SetResult();
    }

    /// <param name="isLive">As it joined.</param>
    public FlightView Look(bool isLive)
    {
        lock (_gate)
        {
            FlightEnd end = _isTorn && isLive ? FlightEnd.Failed : _isOver && !isLive ? FlightEnd.Abandoned : _end;
            return new FlightView(end, _published, _changed.Task);
        }
    }

    /// <summary>The client takes no more, and is not needed: others do.</summary>
    public bool MayGoOnWithoutClient()
    {
        lock (_gate)
        {
            if (_followers == 0 || _end != FlightEnd.Running)
            {
                return false;
            }

            return IsDetached = leader.IsClientGone = true;
        }
    }

    /// <summary>Copies what may go out from there on; returns where it stands then.</summary>
    /// <param name="from">Where it stood before.</param>
    /// <param name="output">Who gets it.</param>
    /// <param name="isLast">The answer's last bytes are among them: the leader's books are closed.</param>
    public int CopyTo(int from, IBufferWriter<byte> output, out bool isLast)
    {
        lock (_gate)
        {
            isLast = _isSettled || _end == FlightEnd.Landed;
            output.Write(_bytes.AsSpan(from, _published - from));
            return _published;
        }
    }

    /// <summary>What has been noted, in an array of its own; null when it was too large.</summary>
    public byte[]? TakeWhole()
    {
        lock (_gate)
        {
            return _isOver || _isDropped || _length == 0 ? null : _bytes.AsSpan(0, _length).ToArray();
        }
    }

    /// <summary>Only the first end counts. What was noted may be sent to the end by those who have begun.</summary>
    public void End(FlightEnd end, CachedAnswer? answer, double? score, GatewayError? error)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            if (_end != FlightEnd.Running)
            {
                return;
            }

            (_end, Answer, Score, Error, _isClosed) = (end, answer, score, error, true);
            _published = _length;
            ContentType ??= answer?.ContentType;
            DropUnused_NeedsLock();
            changed = Signal_NeedsLock();
        }

        changed.SetResult();
    }

    /// <summary>The leader's call is over.</summary>
    public void Disembark()
    {
        if (_isBoarded)
        {
            _departure.Dispose();
            leader.Http.RequestAborted = _client;
        }
    }

    private void LoseClient()
    {
        lock (_gate)
        {
            if (_end != FlightEnd.Running)
            {
                return;
            }

            if (_followers > 0)
            {
                IsDetached = leader.IsClientGone = true;
                return;
            }

            _isClosed = true;
        }

        _upstream.Cancel();
    }

    private TaskCompletionSource Signal_NeedsLock()
    {
        TaskCompletionSource changed = _changed;
        _changed = NewSignal();
        return changed;
    }

    private bool TryGrow_NeedsLock(int more)
    {
        if (_length + more <= _bytes.Length)
        {
            return true;
        }

        byte[] bigger = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(_length + more, _bytes.Length * 2), FirstSize));
        if (!leader.Budget.TryTake(bigger.Length))
        {
            ArrayPool<byte>.Shared.Return(bigger);
            return false;
        }

        _bytes.AsSpan(0, _length).CopyTo(bigger);
        Free_NeedsLock();
        (_bytes, _taken) = (bigger, bigger.Length);
        return true;
    }

    /// <summary>Too large to be kept and with nobody to send it to, or ended and sent: the copy goes.</summary>
    private void DropUnused_NeedsLock()
    {
        if (_live == 0 && (_isOver || _end != FlightEnd.Running))
        {
            _isDropped = true;
            Free_NeedsLock();
        }
    }

    private void Free_NeedsLock()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            leader.Budget.Give(_taken);
            (_bytes, _taken) = ([], 0);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
