using LlmProxy.Providers;

namespace LlmProxy.Forwarding;

internal enum VerdictKind
{
    /// <summary>The client has the whole answer.</summary>
    Answered,

    /// <summary>Nothing has reached the client: another LLM may be tried.</summary>
    Failed,

    /// <summary>The answer had begun and broke; the client has been told.</summary>
    Broken,

    /// <summary>Nobody waits for the answer any more.</summary>
    ClientGone,

    /// <summary>Another attempt at the same call was faster; this one was stopped.</summary>
    Superseded,
}

/// <summary>How an attempt ended.</summary>
internal readonly record struct Verdict(VerdictKind Kind, VendorFailure? Failure = null)
{
    public static readonly Verdict Answered = new(VerdictKind.Answered);
    public static readonly Verdict ClientGone = new(VerdictKind.ClientGone);
    public static readonly Verdict Superseded = new(VerdictKind.Superseded);

    public static Verdict Failed(VendorFailure failure) => new(VerdictKind.Failed, failure);

    public static Verdict Broken(VendorFailure failure) => new(VerdictKind.Broken, failure);
}
