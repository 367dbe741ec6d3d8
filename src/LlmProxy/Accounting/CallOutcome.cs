namespace LlmProxy.Accounting;

/// <summary>How a call can end, as the ledger says it.</summary>
internal static class CallOutcome
{
    public const string Success = "success";
    public const string Refused = "refused";
    public const string ClientError = "client_error";
    public const string UpstreamError = "upstream_error";
    public const string ClientGone = "client_gone";
    public const string Interrupted = "interrupted";
    public const string BudgetCut = "budget_cut";
}

/// <summary>Where a row's token counts come from.</summary>
internal static class UsageSource
{
    /// <summary>The vendor said so.</summary>
    public const string Reported = "reported";

    /// <summary>The vendor said so, after the client had left.</summary>
    public const string Drained = "drained";

    /// <summary>Counted here, from what was sent and what came back.</summary>
    public const string Estimated = "estimated";

    /// <summary>Nothing was used.</summary>
    public const string None = "none";
}
