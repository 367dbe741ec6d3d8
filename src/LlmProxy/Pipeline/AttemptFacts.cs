using LlmProxy.Accounting;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Forwarding.Hedging;
using LlmProxy.Routing;

namespace LlmProxy.Pipeline;

/// <summary>
/// What one attempt finds out while it runs. Kept apart from the call, because two attempts may run side by side: the call
/// shows the facts of the attempt that was chosen.
/// </summary>
internal sealed class AttemptFacts(int number)
{
    /// <summary>Counted over the whole call, from 1.</summary>
    public int Number { get; } = number;

    /// <summary>Why the first choice is not the one that is asked; null while it is.</summary>
    public string? FallbackReason { get; init; }

    /// <summary>The LLM's turn that it belongs to; null where one LLM is asked once and no breaker is told.</summary>
    public Forwarding.Resilience.TargetTurn? Turn { get; set; }

    /// <summary>Its side, where two LLMs are asked side by side; null: it runs alone.</summary>
    public HedgeSide? Side { get; init; }

    /// <summary>Cancelled when another attempt has taken the answer.</summary>
    public CancellationToken Superseded => Side?.Superseded ?? CancellationToken.None;

    public bool IsSuperseded => Side is { IsSuperseded: true };

    /// <summary>Its span; null while nobody traces.</summary>
    public System.Diagnostics.Activity? Span { get; set; }

    public TokenUsage? Usage { get; set; }

    /// <summary>Where <see cref="Usage"/> comes from.</summary>
    public string UsageSource { get; set; } = Accounting.UsageSource.Reported;

    /// <summary>The request is on its way, or has been, and nothing says that its vendor does not bill it.</summary>
    public bool MayBeBilled { get; set; }

    /// <summary>The vendor has accepted it and answers.</summary>
    public bool HasBegun { get; set; }

    /// <summary>The vendor has said that it is finished: what it reports is the whole.</summary>
    public bool IsWhole { get; set; }

    /// <summary>It is over, and how is written down.</summary>
    public bool IsEnded { get; set; }

    /// <summary>Nobody gets its answer, and what it cost is in the call's cost.</summary>
    public bool IsCounted { get; set; }

    /// <summary>Tokens of the answer that have come so far, as counted here.</summary>
    public long OutputSoFar { get; set; }

    /// <summary>How often the whole prompt was sent: where each answer is a call of its own.</summary>
    public int Prompts { get; set; } = 1;

    public decimal? CostUsd { get; set; }

    /// <summary>Of <see cref="CostUsd"/> what it alone costs.</summary>
    public decimal? OwnCostUsd { get; private set; }

    /// <summary><see cref="CostUsd"/>, where the price of a part is not known: the other parts.</summary>
    public decimal KnownCostUsd { get; set; }

    /// <summary>What it costs by the piece, the letter or the minute, where it is paid so.</summary>
    public decimal? UnitCostUsd { get; set; }

    public string? ReportedModel { get; set; }

    public string? ProviderRequestId { get; set; }

    public string? DroppedParams { get; set; }

    /// <summary>Time spent waiting for the vendor until the answer was committed or given up.</summary>
    public long WaitedTicks { get; set; }

    /// <summary>How many of a stream's numbered events were written, in dialects that number them.</summary>
    public long EventsTold { get; set; }

    /// <summary>What the client has of the answer, all who had a part in it together; null unless the caller wishes it to be gone on with.</summary>
    public AnswerSoFar? SoFar { get; set; }

    /// <summary>The text of the answer that this attempt goes on with; null where it begins one. Its usage and cost are then those of the whole.</summary>
    public BrokenText? GoesOnFrom { get; init; }

    /// <summary>What this attempt alone has used.</summary>
    public TokenUsage? OwnUsage => GoesOnFrom is null ? Usage : Usage?.Minus(SoFar!.UsageBefore);

    /// <summary>
    /// What it used, where its vendor has not said so or not to the end: the prompt and what has come of the answer, as counted
    /// here. A vendor's own word about the prompt goes before our count.
    /// </summary>
    public void Estimate(long promptTokens)
    {
        if (Usage is not null && IsWhole)
        {
            return;
        }

        // The text so far is part of the prompt of whoever goes on with it.
        TokenUsage before = GoesOnFrom is null ? default : SoFar!.UsageBefore;
        TokenUsage prompt = OwnUsage is { Input: > 0 } said ? said : new TokenUsage((promptTokens + before.Output) * Prompts, 0, 0, 0, 0);
        Usage = (prompt with { Output = Math.Max(prompt.Output, OutputSoFar) }).Plus(before);
        UsageSource = Accounting.UsageSource.Estimated;
    }

    public void SettleCost(RouteTarget target)
    {
        decimal? byUnit = UnitCostUsd ?? (target.Deployment.IsLocal ? 0m : null);
        decimal? own = OwnUsage is { } usage ? PriceBook.Cost(target.Facts, target.Deployment.IsLocal, usage) ?? byUnit : byUnit;
        OwnCostUsd = own;
        CostUsd = GoesOnFrom is null ? own : own + SoFar!.CostBefore;
        KnownCostUsd = (own ?? 0m) + (GoesOnFrom is null ? 0m : SoFar!.KnownCostBefore);
    }
}
