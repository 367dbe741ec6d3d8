using System.Globalization;
using System.Net.Http.Headers;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Wire;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Forwarding;

/// <summary>The head of an answer: ours, and of the vendor's only what the contract lets through.</summary>
internal static class AnswerHeaders
{
    private static readonly StringValues One = "1";
    private static readonly StringValues NoCache = "no-cache";
    private static readonly StringValues NoBuffering = "no";

    public static void WriteStream(Exchange exchange, HttpResponseMessage vendor, RouteTarget target, bool isTranslated)
    {
        HttpResponse response = exchange.Http.Response;
        exchange.Status = response.StatusCode = (int)vendor.StatusCode;
        response.Headers.ContentType = isTranslated ? exchange.Endpoint.Dialect.StreamType : ContentType(vendor) ?? exchange.Endpoint.Dialect.StreamType;
        response.Headers.CacheControl = NoCache;
        response.Headers["x-accel-buffering"] = NoBuffering;
        WriteCommon(exchange, response.Headers);
        WriteTarget(exchange, response.Headers, vendor, target);
    }

    /// <summary>A stream that begins with keep-alives, before anybody has answered.</summary>
    public static void WriteWaiting(Exchange exchange)
    {
        HttpResponse response = exchange.Http.Response;
        exchange.Status = response.StatusCode = 200;
        response.Headers.ContentType = exchange.Endpoint.Dialect.StreamType;
        response.Headers.CacheControl = NoCache;
        response.Headers["x-accel-buffering"] = NoBuffering;
        WriteCommon(exchange, response.Headers);
    }

    public static void WritePlain(Exchange exchange, HttpResponseMessage vendor, RouteTarget target, string? contentType, long length)
    {
        HttpResponse response = exchange.Http.Response;
        IHeaderDictionary headers = response.Headers;
        exchange.Status = response.StatusCode = (int)vendor.StatusCode;
        headers.ContentType = contentType ?? ContentType(vendor) ?? "application/json";
        headers.ContentLength = length;
        WriteCommon(exchange, headers);
        WriteTarget(exchange, headers, vendor, target);
        WriteFigures(exchange, headers);
    }

    public static void WriteOwn(Exchange exchange, string contentType, long length)
    {
        HttpResponse response = exchange.Http.Response;
        exchange.Status = response.StatusCode = 200;
        response.Headers.ContentType = contentType;
        response.Headers.ContentLength = length;
        WriteCommon(exchange, response.Headers);
        if (exchange.Answered is { } target)
        {
            response.Headers["x-llm-provider"] = target.Deployment.ProviderName;
            response.Headers["x-llm-model"] = target.Deployment.HeaderName;
        }

        WriteFigures(exchange, response.Headers);
    }

    public static void WriteOwnStream(Exchange exchange, string contentType)
    {
        WriteWaiting(exchange);
        IHeaderDictionary headers = exchange.Http.Response.Headers;
        headers.ContentType = contentType;
        if (exchange.Answered is { } target)
        {
            headers["x-llm-provider"] = target.Deployment.ProviderName;
            headers["x-llm-model"] = target.Deployment.HeaderName;
        }
    }

    /// <summary>What every answer carries, errors too.</summary>
    public static void WriteCommon(Exchange exchange, IHeaderDictionary headers)
    {
        headers["x-request-id"] = exchange.Id;
        exchange.Endpoint.Dialect.AddHeaders(headers, exchange.Id);
        headers["x-llm-cache"] = exchange.Cache;
        if (exchange.Shutdown.IsDraining)
        {
            // The client's next call should open its connection somewhere that stays.
            headers.Connection = "close";
        }

        if (exchange.DroppedParams is { } dropped)
        {
            headers["x-llm-dropped-params"] = dropped;
        }

        if (exchange.TruncatedMessages is > 0 and var cut)
        {
            headers["x-llm-truncated"] = cut == 1 ? "1 message" : string.Create(CultureInfo.InvariantCulture, $"{cut} messages");
        }

        if (exchange.QueueMs > 0)
        {
            headers["x-llm-queue-ms"] = NumberText.Thousandths(exchange.QueueMs);
        }

        if (!exchange.Rate.IsEmpty)
        {
            headers["x-ratelimit-limit-requests"] = exchange.Rate.Limit.ToString(CultureInfo.InvariantCulture);
            headers["x-ratelimit-remaining-requests"] = exchange.Rate.Remaining.ToString(CultureInfo.InvariantCulture);
            headers["x-ratelimit-reset-requests"] = exchange.Rate.ResetText;
        }

        if (!exchange.TokenRate.IsEmpty)
        {
            headers["x-ratelimit-limit-tokens"] = exchange.TokenRate.Limit.ToString(CultureInfo.InvariantCulture);
            headers["x-ratelimit-remaining-tokens"] = exchange.TokenRate.Remaining.ToString(CultureInfo.InvariantCulture);
            headers["x-ratelimit-reset-tokens"] = exchange.TokenRate.ResetText;
        }
    }

    /// <summary>How often LLMs were tried, and why the first choice was not the one.</summary>
    public static void WriteAttempts(Exchange exchange, IHeaderDictionary headers)
    {
        int attempts = exchange.AttemptsBegun;
        headers["x-llm-attempts"] = attempts == 1 ? One : attempts.ToString(CultureInfo.InvariantCulture);
        if (exchange.FallbackReason is { } reason)
        {
            headers["x-llm-fallback"] = reason;
        }
    }

    public static void WriteTarget(Exchange exchange, IHeaderDictionary headers, HttpResponseMessage vendor, RouteTarget target)
    {
        headers["x-llm-provider"] = target.Deployment.ProviderName;
        headers["x-llm-model"] = target.Deployment.HeaderName;
        WriteAttempts(exchange, headers);
        CopyVendors(exchange.Chosen!, headers, vendor.Headers, target.Deployment.State.Rate);
    }

    private static void WriteFigures(Exchange exchange, IHeaderDictionary headers)
    {
        if (exchange.CostUsd is { } cost)
        {
            headers["x-llm-cost-usd"] = NumberText.Scaled(Money.ToUnits(cost), Money.Digits);
        }

        headers["x-llm-latency-ms"] = ((long)exchange.ElapsedMs).ToString(CultureInfo.InvariantCulture);
        if (exchange.OverheadMs is { } overhead)
        {
            headers["x-llm-overhead-ms"] = NumberText.Thousandths(overhead);
        }
    }

    /// <summary>The vendor's own id for a call that it refused.</summary>
    public static void TakeRequestId(AttemptFacts attempt, HttpResponseHeaders vendor)
    {
        foreach (KeyValuePair<string, HeaderStringValues> header in vendor.NonValidated)
        {
            if (VendorHeaders.Judge(header.Key) == VendorHeader.RequestId)
            {
                attempt.ProviderRequestId = HeaderText.Safe(header.Value.ToString());
                return;
            }
        }
    }

    /// <summary>Retry advice as it is; the vendor's rate and request-id headers under llm-provider-*; nothing else.</summary>
    /// <param name="rate">Remembers what the vendor says is left of its rate.</param>
    public static void CopyVendors(AttemptFacts attempt, IHeaderDictionary headers, HttpResponseHeaders vendor, RateHeadroom rate)
    {
        foreach (KeyValuePair<string, HeaderStringValues> header in vendor.NonValidated)
        {
            string name = header.Key;
            switch (VendorHeaders.Judge(name))
            {
                case VendorHeader.RequestId:
                    string id = HeaderText.Safe(header.Value.ToString());
                    attempt.ProviderRequestId = id;
                    headers["x-llm-provider-request-id"] = id;
                    headers[VendorHeaders.Renamed(name)] = id;
                    break;
                case VendorHeader.Rate:
                    string left = HeaderText.Safe(header.Value.ToString());
                    headers[VendorHeaders.Renamed(name)] = left;
                    rate.Take(name, left);
                    break;
                case VendorHeader.Retry:
                    headers[name] = HeaderText.Safe(header.Value.ToString());
                    break;
                default:
                    break;
            }
        }
    }

    private static string? ContentType(HttpResponseMessage vendor) =>
        vendor.Content.Headers.NonValidated.TryGetValues("Content-Type", out HeaderStringValues values) ? values.ToString() : null;
}
