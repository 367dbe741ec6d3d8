namespace LlmProxy.Pipeline;

/// <summary>Every way a call can end badly, by the name the client sees.</summary>
internal enum ErrorCode
{
    InvalidJson,
    InvalidValue,
    MissingField,
    ContextLengthExceeded,
    UnsupportedEndpoint,
    UnknownRoute,
    PromptTooLong,
    ContentBlocked,
    InvalidApiKey,
    KeyExpired,
    ModelNotAllowed,
    ExternalNotAllowed,
    ForeignRequest,
    AdminOnly,
    ModelNotFound,
    UnknownName,
    Conflict,
    RequestTimeout,
    BodyTooLarge,
    UnsupportedMediaType,
    HeadersTooLarge,
    RateLimitExceeded,
    InsufficientQuota,
    TooManyParallelRequests,
    ProviderUnreachable,
    ProviderError,
    ProviderAuthFailed,
    ProviderQuotaExhausted,
    InvalidProviderResponse,
    AllProvidersFailed,
    NoHealthyProvider,
    JournalFull,
    GatewayBusy,
    GuardUnavailable,
    DatabaseUnavailable,
    ProviderTimeout,
    InternalError,
}

/// <summary>What a code looks like on the wire.</summary>
internal static class ErrorCodes
{
    private const string Invalid = "invalid_request_error";
    private const string Upstream = "upstream_error";

    private static readonly (string Wire, int Status, string Type)[] Table = Build();

    public static string Wire(this ErrorCode code) => Table[(int)code].Wire;

    public static int Status(this ErrorCode code) => Table[(int)code].Status;

    public static string Type(this ErrorCode code) => Table[(int)code].Type;

    private static (string, int, string)[] Build()
    {
        var table = new (string, int, string)[Enum.GetValues<ErrorCode>().Length];
        foreach (ErrorCode code in Enum.GetValues<ErrorCode>())
        {
            table[(int)code] = Describe(code);
        }

        return table;
    }

    private static (string, int, string) Describe(ErrorCode code) => code switch
    {
        ErrorCode.InvalidJson => ("invalid_json", 400, Invalid),
        ErrorCode.InvalidValue => ("invalid_value", 400, Invalid),
        ErrorCode.MissingField => ("missing_field", 400, Invalid),
        ErrorCode.ContextLengthExceeded => ("context_length_exceeded", 400, Invalid),
        ErrorCode.UnsupportedEndpoint => ("unsupported_endpoint", 400, Invalid),
        ErrorCode.UnknownRoute => ("unsupported_endpoint", 404, Invalid),
        ErrorCode.PromptTooLong => ("prompt_too_long", 400, Invalid),
        ErrorCode.ContentBlocked => ("content_blocked", 400, Invalid),
        ErrorCode.InvalidApiKey => ("invalid_api_key", 401, "authentication_error"),
        ErrorCode.KeyExpired => ("key_expired", 401, "authentication_error"),
        ErrorCode.ModelNotAllowed => ("model_not_allowed", 403, "permission_error"),
        ErrorCode.ExternalNotAllowed => ("external_not_allowed", 403, "permission_error"),
        ErrorCode.ForeignRequest => ("foreign_request", 403, "permission_error"),
        ErrorCode.AdminOnly => ("admin_only", 403, "permission_error"),
        ErrorCode.ModelNotFound => ("model_not_found", 404, Invalid),
        ErrorCode.UnknownName => ("not_found", 404, Invalid),
        ErrorCode.Conflict => ("conflict", 409, Invalid),
        ErrorCode.RequestTimeout => ("request_timeout", 408, Invalid),
        ErrorCode.BodyTooLarge => ("body_too_large", 413, Invalid),
        ErrorCode.UnsupportedMediaType => ("unsupported_media_type", 415, Invalid),
        ErrorCode.HeadersTooLarge => ("headers_too_large", 431, Invalid),
        ErrorCode.RateLimitExceeded => ("rate_limit_exceeded", 429, "rate_limit_error"),
        ErrorCode.InsufficientQuota => ("insufficient_quota", 429, "rate_limit_error"),
        ErrorCode.TooManyParallelRequests => ("too_many_parallel_requests", 429, "rate_limit_error"),
        ErrorCode.ProviderUnreachable => ("provider_unreachable", 502, Upstream),
        ErrorCode.ProviderError => ("provider_error", 502, Upstream),
        ErrorCode.ProviderAuthFailed => ("provider_auth_failed", 502, Upstream),
        ErrorCode.ProviderQuotaExhausted => ("provider_quota_exhausted", 502, Upstream),
        ErrorCode.InvalidProviderResponse => ("invalid_provider_response", 502, Upstream),
        ErrorCode.AllProvidersFailed => ("all_providers_failed", 503, Upstream),
        ErrorCode.NoHealthyProvider => ("no_healthy_provider", 503, Upstream),
        ErrorCode.JournalFull => ("journal_full", 503, Upstream),
        ErrorCode.GatewayBusy => ("gateway_busy", 503, Upstream),
        ErrorCode.GuardUnavailable => ("guard_unavailable", 503, Upstream),
        ErrorCode.DatabaseUnavailable => ("database_unavailable", 503, Upstream),
        ErrorCode.ProviderTimeout => ("provider_timeout", 504, Upstream),
        _ => ("internal_error", 500, "internal_error"),
    };
}
