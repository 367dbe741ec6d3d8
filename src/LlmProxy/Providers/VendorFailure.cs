using LlmProxy.Pipeline;

namespace LlmProxy.Providers;

/// <summary>One attempt that did not give an answer: whose fault, what to say, and whether another try may mend it.</summary>
internal sealed record VendorFailure(ErrorCode Code, string Message)
{
    /// <summary>The caller's own mistake: no other LLM would judge it otherwise.</summary>
    public bool IsFinal { get; init; }

    /// <summary>The same LLM, asked again, would fail in the same way.</summary>
    public bool WontPass { get; init; }

    /// <summary>What the caller wrote was judged unfit by the vendor's content policy.</summary>
    public bool IsRefusal { get; init; }

    /// <summary>The status the caller gets when this was the only LLM tried.</summary>
    public int Status { get; init; } = Code.Status();

    public string? Param { get; init; }

    /// <summary>The vendor's advice when to come back.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The vendor's own code or type, for the log: never its message.</summary>
    public string? VendorCode { get; init; }
}
