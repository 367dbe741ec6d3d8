using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using LlmProxy.Pipeline;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Bedrock;

/// <summary>
/// Whose fault a failure was, by AWS's names for it. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors,
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
/// </summary>
internal static class BedrockErrors
{
    private static readonly string[] ContextWords =
    [
        "input is too long", "prompt is too long", "too many input tokens", "too many total text tokens", "maximum context length", "context window", "context length",
        "exceeds the maximum number of tokens", "input length and `max_tokens` exceed", "expected maxlength", "maximum tokens", "reduce the length",
    ];

    private static readonly string[] ModelWords =
    [
        "model identifier is invalid", "on-demand throughput isn", "model id", "inference profile", "invocation of model id", "is not supported in this region", "end of its life",
        "model isn't supported", "model is not supported",
    ];

    public static VendorFailure Read(int status, HttpResponseHeaders headers, ReadOnlySpan<byte> body, VendorLabel vendor)
    {
        Body said = BodyOf(body);
        string? type = headers.NonValidated.TryGetValues("x-amzn-errortype", out HeaderStringValues named) ? named.ToString() : said.Type;
        return Judge(status, NameOf(type), said.Message, $" ({status})", RetryAdvice.Read(headers, vendor.Time), vendor)
            ?? OpenAiFailure.Read(status, headers, body, vendor);
    }

    /// <summary>From an exception inside a stream that began as a success.</summary>
    public static VendorFailure Inside(ReadOnlySpan<byte> type, ReadOnlySpan<byte> body, ReadOnlySpan<byte> message, VendorLabel vendor)
    {
        string name = NameOf(Encoding.UTF8.GetString(type));
        Body said = message.IsEmpty ? BodyOf(body) : new Body(null, Encoding.UTF8.GetString(message));
        return Judge(0, name, said.Message, " inside its answer", null, vendor)
            ?? Failed(ErrorCode.ProviderError, $"{vendor.Provider} failed to answer for LLM \"{vendor.Llm}\" inside its answer", said.Message, vendor) with { VendorCode = LogCode(name) };
    }

    /// <summary>Null where AWS's name says nothing: the status must.</summary>
    private static VendorFailure? Judge(int status, string name, string? message, string where, TimeSpan? retryAfter, VendorLabel vendor)
    {
        VendorFailure? failure = name.ToLowerInvariant() switch
        {
            "accessdenied" or "unrecognizedclient" or "expiredtoken" or "invalidsignature" or "missingauthenticationtoken" or "incompletesignature"
                or "invalidclienttokenid" or "signaturedoesnotmatch" or "optinrequired" or "notauthorized" or "requestexpired" => Refused(where, message, vendor),
            "throttling" or "toomanyrequests" or "requestlimitexceeded" => Failed(
                ErrorCode.RateLimitExceeded, $"{vendor.Provider} limits the rate of LLM \"{vendor.Llm}\"{where}", message, vendor) with
            { RetryAfter = retryAfter },
            "servicequotaexceeded" => Failed(
                ErrorCode.ProviderQuotaExhausted, $"The gateway's account with {vendor.Provider} has used up a quota{where}. Check the service quotas behind LLM \"{vendor.Llm}\"", message, vendor),
            "modeltimeout" => Failed(ErrorCode.ProviderTimeout, $"The model of LLM \"{vendor.Llm}\" did not finish in {vendor.Provider}'s time{where}", message, vendor),
            "modelnotready" => Failed(ErrorCode.ProviderError, $"The model of LLM \"{vendor.Llm}\" is not ready at {vendor.Provider} yet{where}", message, vendor) with { RetryAfter = retryAfter },
            "modelerror" or "modelstreamerror" or "internalserver" or "internalfailure" or "serviceunavailable" or "conflict" => Failed(
                ErrorCode.ProviderError, $"{vendor.Provider} failed to answer for LLM \"{vendor.Llm}\"{where}", message, vendor) with
            { RetryAfter = retryAfter },
            "resourcenotfound" => UnknownModel(message, vendor),
            "unknownoperation" => new VendorFailure(
                ErrorCode.ProviderError, $"{vendor.Provider} does not know the address that was called{where}. Check the base URL of LLM \"{vendor.Llm}\".")
            { WontPass = true },
            "validation" or "validationerror" => Invalid(where, message, vendor),
            _ when name.Length == 0 && status == 400 && message is not null => Invalid(where, message, vendor),
            _ => null,
        };
        return failure is null ? null : failure with { VendorCode = LogCode(name.Length > 0 ? name + "Exception" : null) };
    }

    private static VendorFailure Refused(string where, string? message, VendorLabel vendor)
    {
        bool isClock = message?.Contains("Signature expired", StringComparison.OrdinalIgnoreCase) == true || message?.Contains("not yet current", StringComparison.OrdinalIgnoreCase) == true;
        return new VendorFailure(ErrorCode.ProviderAuthFailed, isClock
            ? $"{vendor.Provider} refused the gateway's signature{where}: this machine's clock is off. Check it, and LLM \"{vendor.Llm}\"."
            : $"{vendor.Provider} refused the gateway's credential{where}. Check the AWS keys or bearer_token of LLM \"{vendor.Llm}\", its region, and that they may call bedrock:InvokeModel for its model.");
    }

    private static VendorFailure Invalid(string where, string? message, VendorLabel vendor)
    {
        if (Tells(message, "operation not allowed"))
        {
            return Refused(where, message, vendor); // An account that may not use the model yet.
        }

        if (Tells(message, ContextWords))
        {
            return Callers(ErrorCode.ContextLengthExceeded, message, vendor, where);
        }

        return Tells(message, ModelWords) ? UnknownModel(message, vendor) : Callers(ErrorCode.InvalidValue, message, vendor, where);
    }

    private static VendorFailure Callers(ErrorCode code, string? message, VendorLabel vendor, string where) =>
        new(code, message is null ? $"{vendor.Provider} refused the request as invalid{where} without saying why." : SecretMask.Apply(message, vendor.Secrets)) { IsFinal = true };

    private static VendorFailure UnknownModel(string? message, VendorLabel vendor) =>
        Failed(ErrorCode.ModelNotFound, $"{vendor.Provider} does not serve the model of LLM \"{vendor.Llm}\"", message, vendor) with { Param = "model" };

    private static VendorFailure Failed(ErrorCode code, string what, string? message, VendorLabel vendor) =>
        new(code, message is null ? what + "." : $"{what}: {SecretMask.Apply(message, vendor.Secrets)}");

    private static bool Tells(string? message, params ReadOnlySpan<string> words)
    {
        foreach (string word in words)
        {
            if (message?.Contains(word, StringComparison.OrdinalIgnoreCase) == true)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>"ThrottlingException:http://internal…", "com.amazon.coral.service#ThrottlingException", "throttlingException": all the same.</summary>
    private static string NameOf(string? type)
    {
        string name = type ?? "";
        int space = name.IndexOf(':', StringComparison.Ordinal);
        name = (space >= 0 ? name[..space] : name).Trim();
        name = name[(name.LastIndexOf('#') + 1)..];
        return name.EndsWith("Exception", StringComparison.OrdinalIgnoreCase) ? name[..^9] : name;
    }

    private static string? LogCode(string? name) => name is { Length: > 0 and <= 64 } && name.All(char.IsAsciiLetterOrDigit) ? name : null;

    private static Body BodyOf(ReadOnlySpan<byte> body)
    {
        string? type = null;
        string? message = null;
        try
        {
            var members = new JsonWalk(body.ToArray());
            while (members.Next())
            {
                string name = members.Name();
                if (name.Equals("message", StringComparison.OrdinalIgnoreCase) || name == "originalMessage" || name == "errorMessage")
                {
                    message ??= members.Text();
                }
                else if (name is "__type" or "code" or "errorType")
                {
                    type ??= members.Text();
                }
            }
        }
        catch (JsonException)
        {
            // A page of some proxy between: the status tells.
        }

        return new Body(type, message);
    }

    private readonly record struct Body(string? Type, string? Message);
}
