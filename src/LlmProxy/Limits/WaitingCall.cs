namespace LlmProxy.Limits;

/// <summary>A call that stands in the queue until there is room for it, its time is up or its client has left.</summary>
internal sealed class WaitingCall(in LimitSubject subject, TimeSpan since)
    : TaskCompletionSource<LimitDecision>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    private readonly LimitSubject _subject = subject;

    public ref readonly LimitSubject Subject => ref _subject;

    /// <summary>When it came, on the gate's clock.</summary>
    public TimeSpan Since { get; } = since;

    public long WaitedMs(TimeSpan now) => (long)(now - Since).TotalMilliseconds;

    /// <summary>Its place in the queue; null once it has left.</summary>
    public LinkedListNode<WaitingCall>? Place_NeedsLock { get; set; }
}
