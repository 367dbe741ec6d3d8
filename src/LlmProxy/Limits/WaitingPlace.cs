namespace LlmProxy.Limits;

/// <summary>A call that waits for a place at one LLM.</summary>
internal sealed class WaitingPlace(string llm, LimitHolder holder, LimitNumbers limits, long tokens, TimeSpan since)
    : TaskCompletionSource<LimitDecision>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public string Llm { get; } = llm;

    public LimitHolder Holder { get; } = holder;

    public LimitNumbers Limits { get; } = limits;

    public long Tokens { get; } = tokens;

    public long WaitedMs(TimeSpan now) => (long)(now - since).TotalMilliseconds;

    /// <summary>Its place in the queue; null once it has left.</summary>
    public LinkedListNode<WaitingPlace>? Place_NeedsLock { get; set; }
}
