using LlmProxy.Accounting;

namespace LlmProxy.Providers;

/// <summary>What the gateway reads out of a whole JSON answer.</summary>
internal readonly record struct PlainAnswer(TokenUsage? Usage, string? ReportedModel, VendorFailure? Failure)
{
    /// <summary>Seen to be all that its client's schema promises: nothing is to be mended.</summary>
    public bool IsRight { get; init; }
}
