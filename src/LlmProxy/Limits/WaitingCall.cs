namespace LlmProxy.Limits;

/// <summary>A call that stands in the queue until there is room for it, its time is up or its client has left.</summary>
internal sealed class WaitingCall(in LimitSubject subject, TimeSpan since, long number)
    : TaskCompletionSource<LimitDecision>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    private readonly LimitSubject _subject = subject;

    public ref readonly LimitSubject Subject => ref _subject;

    /// <summary>When it came, on the gate's clock.</summary>
    public TimeSpan Since { get; } = since;

    /// <summary>How many came before it.</summary>
    public long Number { get; } = number;

    public long WaitedMs(TimeSpan now) => (long)(now - Since).TotalMilliseconds;

    /// <summary>Its place in the queue; null once it has left.</summary>
    public WaitingLane? Lane_NeedsLock { get; set; }

    /// <summary>What it lacked when it was tried last.</summary>
    public Shortage LastShortage { get; set; }

    /// <summary>The shared store has judged it once: from here on it waits its time out.</summary>
    public bool WasAsked { get; set; }

    /// <summary>Within a workspace the lower priority goes first, then who came first.</summary>
    public int CompareTo(WaitingCall other)
    {
        int byPriority = _subject.Priority.CompareTo(other._subject.Priority);
        return byPriority != 0 ? byPriority : Number.CompareTo(other.Number);
    }
}
