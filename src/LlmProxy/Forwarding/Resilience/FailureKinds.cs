using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding.Resilience;

/// <summary>What a failed attempt means for those who could be asked next: the same LLM again, a replica of it, another LLM.</summary>
internal static class FailureKinds
{
    /// <summary>Another replica of the same LLM may not share it.</summary>
    public static bool IsReplicasOwn(VendorFailure failure) => failure.Code is
        ErrorCode.ProviderUnreachable or ErrorCode.ProviderError or ErrorCode.ProviderTimeout or ErrorCode.InvalidProviderResponse;

    /// <summary>The same LLM may answer a moment later.</summary>
    public static bool MayPass(VendorFailure failure) => !failure.WontPass && failure.Code is
        ErrorCode.RateLimitExceeded or ErrorCode.ProviderUnreachable or ErrorCode.ProviderError or ErrorCode.ProviderTimeout;

    /// <summary>Nothing that says only who may call: the LLM was slow, or not there.</summary>
    public static bool SpeaksOfSpeed(VendorFailure failure) => IsReplicasOwn(failure) || failure.Code == ErrorCode.RateLimitExceeded;

    /// <summary>The gateway ended the wait itself, after the LLM's own time or after what was left of the call's.</summary>
    public static bool IsOwnTimeout(VendorFailure failure) => failure is { Code: ErrorCode.ProviderTimeout, WontPass: true };

    /// <summary>It says something about the LLM or our account with it, and not about what the caller asked for.</summary>
    public static bool IsLlms(VendorFailure failure) => !failure.IsFinal && failure.Code is
        ErrorCode.RateLimitExceeded or ErrorCode.ProviderUnreachable or ErrorCode.ProviderError or ErrorCode.ProviderTimeout
        or ErrorCode.ProviderAuthFailed or ErrorCode.ProviderQuotaExhausted or ErrorCode.InvalidProviderResponse or ErrorCode.ModelNotFound;

    /// <summary>What it tells a breaker. A refused key or an unpaid bill is not mended by leaving the LLM alone.</summary>
    public static CallSign SignOf(in Verdict verdict) => verdict.Kind switch
    {
        VerdictKind.Answered => CallSign.Good,
        VerdictKind.Failed or VerdictKind.Broken when IsReplicasOwn(verdict.Failure!) && !verdict.Failure!.IsFinal => CallSign.Bad,
        _ => CallSign.None,
    };
}
