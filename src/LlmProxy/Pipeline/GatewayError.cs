namespace LlmProxy.Pipeline;

/// <summary>A refusal or failure as the client will read it; each dialect renders it in its own shape.</summary>
internal sealed record GatewayError(ErrorCode Code, string Message)
{
    /// <summary>The code's own status, unless a vendor's refusal keeps the one it came with.</summary>
    public int Status { get; init; } = Code.Status();

    /// <summary>The request field at fault.</summary>
    public string? Param { get; init; }

    /// <summary>The provider that failed, when one did.</summary>
    public string? Provider { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What the official SDKs read as x-should-retry; unset: they decide by the status.</summary>
    public bool? ShouldRetry { get; init; }

    /// <summary>Which limit refused the call, in the metric's word; null for every other error.</summary>
    public string? LimitedBy { get; init; }

    public static GatewayError Invalid(string param, string message) =>
        new(ErrorCode.InvalidValue, message) { Param = param };

    public static GatewayError Missing(string param, string message) =>
        new(ErrorCode.MissingField, message) { Param = param };
}
