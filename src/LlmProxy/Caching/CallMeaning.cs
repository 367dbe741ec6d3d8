using System.Buffers;
using System.Globalization;
using System.Text;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Caching;

/// <summary>Everything about a call that can change its answer, as one key. Two calls of one key may have one answer.</summary>
internal static class CallMeaning
{
    public static CacheKey KeyOf(Exchange exchange) => Compute(exchange, default, default);

    /// <summary>The same but for what is asked: calls of one such key differ in their prompt alone.</summary>
    /// <param name="exchange">The call.</param>
    /// <param name="frame">What stands around the prompt and is no part of it.</param>
    public static CacheKey KeyWithoutPrompt(Exchange exchange, ReadOnlySpan<byte> frame) => Compute(exchange, exchange.Endpoint.RequiredFieldUtf8, frame);

    private static CacheKey Compute(Exchange exchange, ReadOnlySpan<byte> without, ReadOnlySpan<byte> frame)
    {
        using var body = new PooledWriter();
        CanonicalBody.Write(exchange.Peek!, exchange.Body!.Bytes, without, body);
        body.Write(frame);
        Span<byte> model = stackalloc byte[1024];
        string name = exchange.RequestedModel ?? "";
        ReadOnlySpan<byte> modelUtf8 = Encoding.UTF8.TryGetBytes(name, model, out int length) ? model[..length] : Encoding.UTF8.GetBytes(name);
        return CacheKey.Compute(exchange.Endpoint, exchange.Caller.Workspace, modelUtf8, WishesOf(exchange), body.Written);
    }

    /// <summary>What is asked of the gateway and decides who answers or what he is told; and the headers that a vendor sees.</summary>
    private static ReadOnlySpan<byte> WishesOf(Exchange exchange)
    {
        if (ReferenceEquals(exchange.Wishes, Wishes.None) && exchange.ForwardedHeaders.Count == 0)
        {
            return default;
        }

        Wishes wish = exchange.Wishes;
        var text = new StringBuilder();
        Add(text, "provider", wish.Provider);
        Add(text, "chain", wish.Chain);
        Add(text, "strategy", wish.Strategy);
        Add(text, "capability", wish.Capabilities.Count == 0 ? null : string.Join(',', wish.Capabilities));
        Add(text, "task", wish.Task);
        Add(text, "budget_remaining", wish.BudgetRemaining?.ToString(CultureInfo.InvariantCulture));
        Add(text, "max_latency_ms", wish.MaxLatencyMs?.ToString(CultureInfo.InvariantCulture));
        Add(text, "prefer_local", Word(wish.PreferLocal));
        Add(text, "local_only", Word(wish.LocalOnly));
        Add(text, "strict", Word(wish.Strict));
        Add(text, "truncate", Word(wish.Truncate));
        foreach ((string name, StringValues value) in exchange.ForwardedHeaders)
        {
            if (!name.Equals("traceparent", StringComparison.OrdinalIgnoreCase))
            {
                Add(text, name.ToLowerInvariant(), value.ToString());
            }
        }

        return text.Length == 0 ? default : Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Add(StringBuilder text, string name, string? value)
    {
        if (value is not null)
        {
            text.Append(name).Append('=').Append(value.Length).Append(':').Append(value).Append('\n');
        }
    }

    private static string? Word(bool? wish) => wish switch { true => "yes", false => "no", null => null };
}
