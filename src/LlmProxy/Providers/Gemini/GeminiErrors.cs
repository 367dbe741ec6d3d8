using System.Globalization;
using System.Net.Http.Headers;
using LlmProxy.Pipeline;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Providers.Gemini;

/// <summary>
/// Whose fault Google's refusals are: google.rpc.Status with its details, alone or in an array.
/// https://ai.google.dev/gemini-api/docs/troubleshooting, https://google.aip.dev/193
/// </summary>
internal static class GeminiErrors
{
    private static readonly string[] BillingWords = ["enable billing", "billing to be enabled", "billing account", "prepayment credits", "prepaid credit", "credits are depleted", "spend cap", "spending cap"];

    public static VendorFailure Read(int status, HttpResponseHeaders headers, ReadOnlySpan<byte> body, VendorLabel vendor) =>
        Refine(OpenAiFailure.Read(status, headers, body, vendor), body, vendor);

    /// <summary>An error object in the place of an answer, or inside a stream that began well.</summary>
    public static VendorFailure Inside(ReadOnlySpan<byte> json, VendorLabel vendor) =>
        Refine(OpenAiFailure.Inside(ErrorReader.Read(json), vendor), json, vendor);

    private static VendorFailure Refine(VendorFailure failure, ReadOnlySpan<byte> body, VendorLabel vendor)
    {
        var facts = new Facts();
        try
        {
            ReadError(body, facts);
        }
        catch (System.Text.Json.JsonException)
        {
            return failure; // Not Google's own answer, or cut: judged by its status alone.
        }

        if (facts.NeedsBilling || (failure.Code == ErrorCode.RateLimitExceeded && facts.IsDaily))
        {
            return new VendorFailure(
                ErrorCode.ProviderQuotaExhausted,
                $"The gateway's project with {vendor.Provider} has no quota left{(facts.IsDaily ? " for today" : ", or no billing")}. Check quota and billing behind the {vendor.CredentialName} of LLM \"{vendor.Llm}\".")
            { VendorCode = failure.VendorCode, RetryAfter = facts.RetryDelay };
        }

        if (facts.IsCredential || (facts.IsUnauthenticated && failure.Code != ErrorCode.ProviderAuthFailed))
        {
            return new VendorFailure(
                ErrorCode.ProviderAuthFailed,
                $"{vendor.Provider} refused the gateway's credential. Check the {vendor.CredentialName} of LLM \"{vendor.Llm}\".")
            { VendorCode = failure.VendorCode };
        }

        if (facts.IsPrecondition && failure.IsFinal)
        {
            // "User location is not supported": said of the gateway's project or place, not of what the caller wrote.
            return failure with { Code = ErrorCode.ProviderError, Status = ErrorCode.ProviderError.Status(), IsFinal = false, WontPass = true };
        }

        return failure with { RetryAfter = failure.RetryAfter ?? facts.RetryDelay };
    }

    private static void ReadError(ReadOnlySpan<byte> body, Facts facts)
    {
        var outer = new SpanWalk(body);
        if (!outer.IsOverObject)
        {
            if (outer.Next())
            {
                ReadError(outer.IsObject ? outer.Value : default, facts);
            }

            return;
        }

        while (outer.Next())
        {
            if (!outer.Is("error"u8) || !outer.IsObject)
            {
                continue;
            }

            var members = new SpanWalk(outer.Value);
            while (members.Next())
            {
                if (members.Is("message"u8))
                {
                    facts.TakeMessage(members.Text() ?? "");
                }
                else if (members.Is("status"u8))
                {
                    facts.IsPrecondition = members.Escaped.SequenceEqual("FAILED_PRECONDITION"u8);
                    facts.IsUnauthenticated = members.Escaped.SequenceEqual("UNAUTHENTICATED"u8);
                }
                else if (members.Is("details"u8))
                {
                    ReadDetails(members.Value, facts);
                }
            }
        }
    }

    private static void ReadDetails(ReadOnlySpan<byte> json, Facts facts)
    {
        var details = new SpanWalk(json);
        while (details.Next())
        {
            var members = new SpanWalk(details.Value);
            while (members.Next())
            {
                if (members.Is("reason"u8))
                {
                    facts.TakeReason(members.Text());
                }
                else if (members.Is("retryDelay"u8))
                {
                    facts.TakeDelay(members.Text());
                }
                else if (members.Is("violations"u8) && members.IsArray)
                {
                    ReadViolations(members.Value, facts);
                }
            }
        }
    }

    private static void ReadViolations(ReadOnlySpan<byte> json, Facts facts)
    {
        var violations = new SpanWalk(json);
        while (violations.Next())
        {
            var members = new SpanWalk(violations.Value);
            while (members.Next())
            {
                facts.IsDaily |= members.Is("quotaId"u8) && members.Escaped.IndexOf("PerDay"u8) >= 0;
            }
        }
    }

    private sealed class Facts
    {
        public bool IsDaily { get; set; }

        public bool NeedsBilling { get; private set; }

        public bool IsCredential { get; private set; }

        public bool IsPrecondition { get; set; }

        public bool IsUnauthenticated { get; set; }

        public TimeSpan? RetryDelay { get; private set; }

        public void TakeMessage(string message)
        {
            foreach (string words in BillingWords)
            {
                NeedsBilling |= message.Contains(words, StringComparison.OrdinalIgnoreCase);
            }
        }

        /// <summary>https://cloud.google.com/apis/docs/error-info#reason</summary>
        public void TakeReason(string? reason)
        {
            NeedsBilling |= reason is "BILLING_DISABLED" or "BILLING_NOT_ACTIVE";
            IsCredential |= reason is "API_KEY_INVALID" or "API_KEY_EXPIRED" or "API_KEY_SERVICE_BLOCKED" or "API_KEY_HTTP_REFERRER_BLOCKED"
                or "API_KEY_IP_ADDRESS_BLOCKED" or "ACCESS_TOKEN_EXPIRED" or "ACCESS_TOKEN_SCOPE_INSUFFICIENT" or "ACCESS_TOKEN_TYPE_UNSUPPORTED"
                or "CREDENTIALS_MISSING" or "SERVICE_DISABLED" or "CONSUMER_INVALID" or "CONSUMER_SUSPENDED" or "ACCOUNT_STATE_INVALID" or "USER_PROJECT_DENIED";
        }

        /// <summary>A duration as protobuf writes it: "48s", "1.5s".</summary>
        public void TakeDelay(string? text)
        {
            if (text is not null && text.EndsWith('s')
                && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds < 1e7)
            {
                RetryDelay = TimeSpan.FromSeconds(seconds);
            }
        }
    }
}
