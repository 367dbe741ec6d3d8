namespace LlmProxy.Accounting.Journal;

/// <summary>A call that is not settled yet: the row as it would stand if the process died now.</summary>
internal record struct OpenCall(CallRow Draft, IRunningCall Call, CallProgress? Progress);

internal static class CallDrafts
{
    /// <summary>What is known of a call that nobody will ever settle.</summary>
    public static CallRow Interrupted(CallRow draft, CallProgress? progress) => progress is { } known
        ? draft with { Outcome = CallOutcome.Interrupted, UsageSource = Accounting.UsageSource.Estimated, Usage = known.Usage, CostUsd = known.CostUsd ?? draft.CostUsd }
        : draft with { Outcome = CallOutcome.Interrupted, UsageSource = Accounting.UsageSource.Estimated };
}
