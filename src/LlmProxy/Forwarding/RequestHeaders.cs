using LlmProxy.Pipeline;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Forwarding;

/// <summary>Which of the caller's headers travel to a vendor: a short list, everything else stays here.</summary>
internal static class RequestHeaders
{
    /// <summary>All headers together; Kestrel's own limit stands above it so that the refusal can have our shape.</summary>
    public const int MostBytes = 32 * 1024;

    public static void CopyAllowed(Exchange exchange, HttpRequestMessage request, System.Diagnostics.Activity? span = null)
    {
        foreach (KeyValuePair<string, StringValues> header in exchange.ForwardedHeaders)
        {
            if (span is not null && header.Key.Equals("traceparent", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            request.Headers.TryAddWithoutValidation(header.Key, header.Value.ToString());
        }

        if (span?.Id is { } parent)
        {
            request.Headers.TryAddWithoutValidation("traceparent", parent);
        }
    }

    /// <summary>One pass over the headers: their size, the wishes among them, and the few that travel.</summary>
    public static GatewayError? Read(Exchange exchange)
    {
        int bytes = 0;
        Wishes? wishes = null;
        foreach (KeyValuePair<string, StringValues> header in exchange.Http.Request.Headers)
        {
            string name = header.Key;
            bytes += name.Length + 4;
            foreach (string? value in header.Value)
            {
                bytes += value?.Length ?? 0;
            }

            if (name.Length > 6 && name.StartsWith(WishReader.HeaderPrefix, StringComparison.OrdinalIgnoreCase))
            {
                if (WishReader.ReadHeader(name, header.Value.ToString(), ref wishes) is { } error)
                {
                    return error;
                }
            }
            else if (Travels(name))
            {
                exchange.Forward(header);
            }
        }

        if (wishes is not null)
        {
            exchange.Wishes = wishes;
        }

        return bytes > MostBytes ? TooLarge : null;
    }

    public static GatewayError TooLarge { get; } =
        new(ErrorCode.HeadersTooLarge, $"The request headers are larger than {MostBytes / 1024} KB together.");

    private static bool Travels(string name) => name.Length switch
    {
        11 => name.Equals("openai-beta", StringComparison.OrdinalIgnoreCase) || name.Equals("traceparent", StringComparison.OrdinalIgnoreCase),
        > 10 => name.StartsWith("anthropic-", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };
}
