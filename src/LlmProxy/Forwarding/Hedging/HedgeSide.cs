using LlmProxy.Pipeline;

namespace LlmProxy.Forwarding.Hedging;

/// <summary>One of two LLMs that are asked side by side. The first with output takes the answer; the other is stopped in that moment.</summary>
internal sealed class HedgeSide : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly RequestBody? _body;
    private HedgeSide? _rival;
    private Task _stopped = Task.CompletedTask;
    private int _holds;

    private HedgeSide(RequestBody? body, long beganAt, bool isSecond)
    {
        _body = body;
        BeganAt = beganAt;
        IsSecond = isSecond;
        _holds = body?.TryHold() == true ? 1 : 0;
    }

    /// <summary>When the first of the two was asked: from then on somebody was always waited for.</summary>
    public long BeganAt { get; }

    /// <summary>Whether this is the one that was asked because the other was slow.</summary>
    public bool IsSecond { get; }

    /// <summary>Cancelled when the other one has output.</summary>
    public CancellationToken Superseded => _stop.Token;

    public bool IsSuperseded => _stop.IsCancellationRequested;

    public bool HasWon { get; private set; }

    public static (HedgeSide First, HedgeSide Second) Pair(Exchange exchange)
    {
        long now = exchange.Time.GetTimestamp();
        var first = new HedgeSide(exchange.Body, now, isSecond: false);
        var second = new HedgeSide(exchange.Body, now, isSecond: true) { _rival = first };
        first._rival = second;
        return (first, second);
    }

    /// <summary>The answer is this side's: the other one's upstream request is reset, whatever it is at.</summary>
    public void Win()
    {
        HasWon = true;
        LetGoOfBody();
        _rival!.Stop();
    }

    /// <summary>
    /// The request's bytes are let go when an answer begins, and the loser may be in the middle of writing them: each side
    /// holds them while it runs.
    /// </summary>
    public void LetGoOfBody()
    {
        if (Interlocked.Exchange(ref _holds, 0) == 1)
        {
            _body!.LetGo();
        }
    }

    /// <summary>Both sides are over.</summary>
    public async ValueTask DisposeAsync()
    {
        LetGoOfBody();
        await _stopped;
        _stop.Dispose();
    }

    /// <summary>Not on the winner's time: what is stopped has its own ends to tie up.</summary>
    private void Stop() => _stopped = _stop.CancelAsync();
}
