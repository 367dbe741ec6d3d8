using System.Net.Http.Headers;
using System.Text;
using System.Text.Unicode;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Says whose fault a vendor's refusal is, what to check, and whether another LLM may do better.</summary>
internal static class OpenAiFailure
{
    private const int MaxPlainText = 300;

    /// <summary>From a refused call.</summary>
    public static VendorFailure Read(int status, HttpResponseHeaders headers, ReadOnlySpan<byte> body, VendorLabel vendor)
    {
        VendorError error = ErrorReader.Read(body);
        error.Message ??= PlainText(body);
        return Judge(status, $" ({status})", error, RetryAdvice.Read(headers, vendor.Time), vendor);
    }

    /// <summary>From an error inside an answer that began as a success: the status is the one that the vendor would have sent.</summary>
    public static VendorFailure Inside(in VendorError error, VendorLabel vendor) =>
        Judge(StatusOf(error), " inside its answer", error, null, vendor);

    /// <summary>The vendor refused a request for our wish that it report usage.</summary>
    public static bool BlamesStreamOptions(int status, ReadOnlySpan<byte> body) =>
        status is 400 or 422 && (body.IndexOf("stream_options"u8) >= 0 || body.IndexOf("include_usage"u8) >= 0);

    private static VendorFailure Judge(int status, string where, in VendorError error, TimeSpan? retryAfter, VendorLabel vendor)
    {
        bool isRefusal = status is >= 400 and < 500;
        VendorFailure failure;
        if (IsQuota(status, error, retryAfter))
        {
            failure = new VendorFailure(
                ErrorCode.ProviderQuotaExhausted,
                $"The gateway's account with {vendor.Provider} is out of credit or quota{where}. Check the billing behind the {vendor.CredentialName} of LLM \"{vendor.Llm}\".");
        }
        else if (status == 429 || (isRefusal && VendorWords.RateLimit.Names(error)))
        {
            failure = new VendorFailure(
                ErrorCode.RateLimitExceeded, $"{vendor.Provider} limits the rate of LLM \"{vendor.Llm}\"{where}{Said(error, vendor)}")
            { RetryAfter = retryAfter };
        }
        else if (VendorWords.ContextLength.Names(error) || (status is 400 or 413 or 422 && VendorWords.ContextLength.Tells(error)))
        {
            failure = Callers(ErrorCode.ContextLengthExceeded, error, vendor, "The request is longer than the model's context.");
        }
        else if (isRefusal && (VendorWords.Model.Names(error) || (status == 400 && VendorWords.Model.Tells(error))))
        {
            failure = UnknownModel(error, vendor);
        }
        else if (IsCredential(status, error))
        {
            failure = new VendorFailure(
                ErrorCode.ProviderAuthFailed,
                $"{vendor.Provider} refused the gateway's credential{where}. Check the {vendor.CredentialName} of LLM \"{vendor.Llm}\".");
        }
        else
        {
            failure = JudgeByStatus(status, where, error, retryAfter, vendor);
        }

        return failure with { VendorCode = LogCode(error) };
    }

    private static VendorFailure JudgeByStatus(int status, string where, in VendorError error, TimeSpan? retryAfter, VendorLabel vendor)
    {
        switch (status)
        {
            case 400 or 422 or 403:
                bool isMissing = VendorWords.MissingField.Names(error) || VendorWords.MissingField.Tells(error);
                return Callers(
                    isMissing ? ErrorCode.MissingField : ErrorCode.InvalidValue, error, vendor,
                    $"{vendor.Provider} refused the request as invalid{where} without saying why.") with
                { IsRefusal = VendorWords.Filter.Names(error) };
            case 413:
                return Callers(ErrorCode.BodyTooLarge, error, vendor, $"The request is larger than {vendor.Provider} takes.");
            case 404 or 405 when IsRoute(status, error):
                return new VendorFailure(
                    ErrorCode.ProviderError,
                    $"{vendor.Provider} does not know the address that was called{where}. Check the base URL of LLM \"{vendor.Llm}\", and whether the vendor offers this endpoint.")
                { WontPass = true };
            case 404 when error.Param is { } param && param != "model":
                return Callers(ErrorCode.InvalidValue, error, vendor, "Something that the request names does not exist.") with { Status = 404 };
            case 404:
                return UnknownModel(error, vendor);
            case 408:
                return new VendorFailure(ErrorCode.ProviderTimeout, $"{vendor.Provider} gave up waiting{where}{Said(error, vendor)}");
            default:
                return new VendorFailure(
                    ErrorCode.ProviderError, $"{vendor.Provider} failed to answer for LLM \"{vendor.Llm}\"{where}{Said(error, vendor)}")
                { RetryAfter = retryAfter };
        }
    }

    private static bool IsQuota(int status, in VendorError error, TimeSpan? retryAfter)
    {
        if (status == 402 || VendorWords.Quota.Names(error))
        {
            return true;
        }

        // Gemini words its rate limit as a spent quota; what comes with advice when to come back is not a spent bill.
        bool isRateLimit = status == 429 && (retryAfter is not null || VendorWords.RateLimit.Names(error));
        return status is 400 or 403 or 429 && !isRateLimit && VendorWords.Quota.Tells(error);
    }

    private static bool IsCredential(int status, in VendorError error) => status switch
    {
        401 => true,
        403 => !VendorWords.Filter.Names(error),
        >= 400 and < 500 => VendorWords.Credential.Names(error) || (status == 400 && VendorWords.Credential.Tells(error)),
        _ => false,
    };

    private static bool IsRoute(int status, in VendorError error) =>
        status == 405 || error.Message is null || VendorWords.Route.Tells(error)
        || (error.IsBareDetail && error.Message.Equals("Not Found", StringComparison.OrdinalIgnoreCase));

    private static VendorFailure Callers(ErrorCode code, in VendorError error, VendorLabel vendor, string otherwise) =>
        new(code, Masked(error, vendor) ?? otherwise) { IsFinal = true, Param = error.Param };

    private static VendorFailure UnknownModel(in VendorError error, VendorLabel vendor) =>
        new(ErrorCode.ModelNotFound, $"{vendor.Provider} does not serve the model of LLM \"{vendor.Llm}\"{Said(error, vendor)}") { Param = "model" };

    private static int StatusOf(in VendorError error) => error switch
    {
        { Status: > 0 } => error.Status,
        _ when VendorWords.Credential.Names(error) => 401,
        _ when VendorWords.RateLimit.Names(error) => 429,
        _ when VendorWords.Model.Names(error) || VendorWords.NotFound.Names(error) => 404,
        _ when VendorWords.Caller.Names(error) || VendorWords.ContextLength.Names(error) => 400,
        _ => 500,
    };

    private static string Said(in VendorError error, VendorLabel vendor) => Masked(error, vendor) is { } message ? ": " + message : ".";

    private static string? Masked(in VendorError error, VendorLabel vendor) => error.Message is { } message ? SecretMask.Apply(message, vendor.Secrets) : null;

    /// <summary>Only what looks like a code reaches the log: a vendor may put anything into the field.</summary>
    private static string? LogCode(in VendorError error)
    {
        string? code = error.Code ?? error.Type;
        if (code is null || code.Length > 64)
        {
            return null;
        }

        foreach (char c in code)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.'))
            {
                return null;
            }
        }

        return code;
    }

    /// <summary>A body that is neither JSON nor a page: "404 page not found", "upstream connect error".</summary>
    private static string? PlainText(ReadOnlySpan<byte> body)
    {
        body = body[..Math.Min(body.Length, MaxPlainText)].Trim(" \t\r\n"u8);
        return body.IsEmpty || body[0] is (byte)'<' or (byte)'{' or (byte)'[' || !Utf8.IsValid(body) || body.IndexOfAnyInRange((byte)0, (byte)31) >= 0
            ? null
            : Encoding.UTF8.GetString(body);
    }
}
