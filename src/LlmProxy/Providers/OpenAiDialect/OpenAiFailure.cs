using System.Globalization;
using System.Net.Http.Headers;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Whose fault a refused call was, and whether another LLM may do better.</summary>
internal static class OpenAiFailure
{
    private static readonly string[] QuotaSigns = ["insufficient_quota", "billing_hard_limit", "billing_not_active", "credit balance", "exceeded your current quota", "insufficient balance", "insufficient credits", "out of credits", "payment required"];
    private static readonly string[] KeySigns = ["api key not valid", "invalid api key", "incorrect api key", "invalid_api_key", "api_key_invalid"];
    private static readonly string[] ContextSigns = ["context_length_exceeded", "maximum context length", "context length", "context window", "too many tokens", "exceeds the model's maximum", "prompt is too long", "input is too long", "longer than the model's context"];

    public static VendorFailure Read(int status, HttpResponseHeaders? headers, ReadOnlySpan<byte> body, Deployment llm, TimeProvider time)
    {
        VendorError error = VendorError.Read(body);
        return Judge(status, error, llm) with { RetryAfter = headers is null ? null : RetryAdvice(headers, time), VendorCode = LogCode(error, status) };
    }

    /// <summary>An error told inside an answer that began with 200.</summary>
    public static VendorFailure ReadInAnswer(ReadOnlySpan<byte> data, Deployment llm)
    {
        VendorError error = VendorError.Read(data);
        int status = error.Status ?? (Has(error, "rate_limit") ? 429 : Has(error, "overloaded") ? 503 : Has(error, "invalid_request") ? 400 : 500);
        return Judge(status, error, llm) with { VendorCode = LogCode(error, status) };
    }

    private static VendorFailure Judge(int status, VendorError error, Deployment llm)
    {
        string who = $"{llm.ProviderName} (LLM \"{llm.Name}\")";
        string said = Said(error, llm);
        if (status == 402 || Any(error, QuotaSigns))
        {
            return new VendorFailure(ErrorCode.ProviderQuotaExhausted, $"{who} refuses the gateway's account: its quota or credit is used up ({status}). Check billing and limits of that account.");
        }

        if (status is 401 or 403 || (status == 400 && Any(error, KeySigns)))
        {
            return new VendorFailure(ErrorCode.ProviderAuthFailed, $"{who} refused the gateway's credential ({status}). Check that LLM's api_key and what it may do.");
        }

        switch (status)
        {
            case 400 or 413 or 422 when Any(error, ContextSigns):
                return new VendorFailure(ErrorCode.ContextLengthExceeded, said) { IsFinal = true, Param = error.Param ?? "messages" };
            case 400 or 422:
                return new VendorFailure(ErrorCode.InvalidValue, said) { IsFinal = true, Status = 400, Param = error.Param };
            case 413:
                return new VendorFailure(ErrorCode.BodyTooLarge, said) { IsFinal = true };
            case 404 when error.IsJson && (Has(error, "model") || Has(error, "deployment")):
                return new VendorFailure(ErrorCode.ModelNotFound, $"{who} does not know the model \"{llm.Options.Model}\": {said}") { Param = "model" };
            case 404 or 405:
                return new VendorFailure(ErrorCode.ProviderError, $"{who} has nothing at this address ({status}). Check that its base URL is right, /v1 included.");
            case 408:
                return new VendorFailure(ErrorCode.ProviderTimeout, $"{who} gave up on the request itself (408).");
            case 429:
                return new VendorFailure(ErrorCode.RateLimitExceeded, $"{who} is rate limiting the gateway: {said}");
            default:
                return new VendorFailure(ErrorCode.ProviderError, $"{who} failed ({status}): {said}");
        }
    }

    private static string Said(VendorError error, Deployment llm)
    {
        string message = error.Message.Length > 0 ? error.Message : "it gave no reason.";
        return SecretMask.Clean(message, llm.Options.Auth.Values.Values.Concat(llm.Options.Auth.ApiKeys).Select(s => s.Reveal()));
    }

    /// <summary>Short words of the vendor's own vocabulary only: its messages may quote prompts and keys.</summary>
    private static string LogCode(VendorError error, int status)
    {
        string? code = error.Code ?? error.Type;
        bool isWord = code is { Length: > 0 and <= 64 } && code.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
        return isWord ? string.Create(CultureInfo.InvariantCulture, $"{status} {code}") : status.ToString(CultureInfo.InvariantCulture);
    }

    private static bool Any(VendorError error, string[] signs)
    {
        foreach (string sign in signs)
        {
            if (Has(error, sign))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Has(VendorError error, string sign) =>
        error.Message.Contains(sign, StringComparison.OrdinalIgnoreCase)
        || error.Code?.Contains(sign, StringComparison.OrdinalIgnoreCase) == true
        || error.Type?.Contains(sign, StringComparison.OrdinalIgnoreCase) == true;

    private static TimeSpan? RetryAdvice(HttpResponseHeaders headers, TimeProvider time)
    {
        if (headers.NonValidated.TryGetValues("retry-after-ms", out HeaderStringValues ms)
            && double.TryParse(ms.ToString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double wait)
            && wait <= TimeSpan.FromDays(1).TotalMilliseconds)
        {
            return TimeSpan.FromMilliseconds(wait);
        }

        if (headers.RetryAfter is not { } advice)
        {
            return null;
        }

        TimeSpan? left = advice.Delta ?? (advice.Date - time.GetUtcNow());
        return left < TimeSpan.Zero ? TimeSpan.Zero : left;
    }
}
