using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace LlmProxy.Forwarding;

internal enum VendorHeader
{
    Other,
    RequestId,
    Rate,
    Retry,
}

/// <summary>Which of a vendor's answer headers the client may see, and under which name.</summary>
internal static class VendorHeaders
{
    private const int MostNames = 256;

    private static readonly FrozenSet<string> RequestIds = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "x-request-id", "request-id", "apim-request-id", "x-ms-request-id", "x-amzn-requestid", "x-goog-request-id", "mistral-correlation-id");

    private static readonly FrozenSet<string> Retries = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "retry-after", "retry-after-ms", "x-should-retry");

    // Vendors send a few dozen names in all; a hostile one must not grow this without end.
    private static readonly ConcurrentDictionary<string, string> NewNames = new(StringComparer.OrdinalIgnoreCase);

    public static VendorHeader Judge(string name)
    {
        if (name.StartsWith("x-ratelimit-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("anthropic-ratelimit-", StringComparison.OrdinalIgnoreCase))
        {
            return VendorHeader.Rate;
        }

        if (RequestIds.Contains(name))
        {
            return VendorHeader.RequestId;
        }

        return Retries.Contains(name) ? VendorHeader.Retry : VendorHeader.Other;
    }

    public static string Renamed(string name)
    {
        if (NewNames.TryGetValue(name, out string? known))
        {
            return known;
        }

        string renamed = "llm-provider-" + name.ToLowerInvariant();
        if (NewNames.Count < MostNames)
        {
            NewNames.TryAdd(name, renamed);
        }

        return renamed;
    }
}
