using System.Collections.Frozen;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>
/// The codes, types and phrases by which vendors of this dialect say what went wrong. A code is trusted whatever the
/// status; a phrase only together with a status, because messages may echo what the caller wrote.
/// </summary>
internal sealed class VendorWords(string[] codes, params string[] phrases)
{
    /// <summary>The gateway's own bill with the vendor.</summary>
    public static readonly VendorWords Quota = new(
        ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_balance", "insufficient_credits",
            "credit_limit_exceeded", "payment_required", "billing_error"],
        "exceeded your current quota", "billing hard limit", "credit balance", "insufficient balance", "insufficient credit", "not enough credit",
        "credit limit exceeded", "payment required", "check your billing", "plan and billing", "spending limit", "requires more credits",
        "specified api usage limits"); // Anthropic: a limit on what is spent, which is ours

    /// <summary>The gateway's own credential with the vendor.</summary>
    public static readonly VendorWords Credential = new(
        ["invalid_api_key", "incorrect_api_key", "api_key_invalid", "authentication_error", "AuthenticationError",
            "invalid_authentication", "unauthorized", "unauthenticated",
            "permission_error", "permission_denied", "invalid_organization", "mismatched_organization", "unsupported_country_region_territory"],
        "api key not valid", "invalid api key", "incorrect api key", "api key is invalid", "api key expired", "api key has expired",
        "no api key provided", "invalid authentication");

    public static readonly VendorWords RateLimit = new(
        ["rate_limit_exceeded", "rate_limit_error", "rate_limited", "RateLimitError", "RateLimitReached", "too_many_requests",
            "TooManyRequests", "resource_exhausted", "slow_down"]);

    public static readonly VendorWords ContextLength = new(
        ["context_length_exceeded", "exceed_context_size_error", "ContextWindowExceededError", "model_max_prompt_tokens_exceeded"],
        "maximum context length", // OpenAI, vLLM, DeepSeek, Fireworks
        "longer than the maximum model length", "cannot be greater than max_model_len", // vLLM
        "longer than the model's context length", // SGLang
        "too large for model with", // Mistral
        "`inputs` tokens + `max_new_tokens` must be", // Together
        "prompt is too long", // Fireworks, and Anthropic behind a gateway
        "exceeds the available context size", // llama.cpp
        "exceeds the maximum number of tokens allowed", // Gemini behind a gateway
        "exceeds the context window", "exceed context limit", "maximum context limit", "reduce the length of the messages",
        "input tokens exceed the configured limit");

    public static readonly VendorWords Model = new(
        ["model_not_found", "invalid_model", "model_not_available", "model_not_supported", "DeploymentNotFound", "unknown_model"],
        "model not exist", "invalid model", "unknown model", "model not found", "no such model");

    public static readonly VendorWords NotFound = new(["NotFoundError", "not_found_error", "not_found"]);

    public static readonly VendorWords Caller = new(
        ["invalid_request_error", "BadRequestError", "bad_request", "invalid_prompt", "invalid_argument", "validation_error",
            "UnprocessableEntityError", "content_filter",
            "content_policy_violation", "invalid_value", "unsupported_value", "missing_required_parameter", "unsupported_parameter",
            "unknown_parameter", "tool_use_failed", "json_validate_failed"]);

    /// <summary>What the caller wrote was judged unfit: also a 403 is then not about the credential.</summary>
    public static readonly VendorWords Filter = new(["content_filter", "content_policy_violation", "moderation_blocked"]);

    public static readonly VendorWords MissingField = new(["missing_required_parameter"], "field required", "missing required parameter");

    /// <summary>The address is wrong, not the model.</summary>
    public static readonly VendorWords Route = new([], "invalid url", "unrecognized request url", "resource not found", "page not found",
        "no route matched", "unknown endpoint", "unexpected endpoint");

    private readonly FrozenSet<string> _codes = codes.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public bool Names(in VendorError error) => _codes.Contains(error.Code ?? "") || _codes.Contains(error.Type ?? "");

    public bool Tells(in VendorError error)
    {
        foreach (string phrase in phrases)
        {
            if (error.Message?.Contains(phrase, StringComparison.OrdinalIgnoreCase) == true)
            {
                return true;
            }
        }

        return false;
    }
}
