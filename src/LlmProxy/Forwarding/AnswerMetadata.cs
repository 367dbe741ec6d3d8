using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding;

/// <summary>The "llm" object that an answer carries when its request asked for it.</summary>
internal static class AnswerMetadata
{
    public static PooledWriter Extend(ReadOnlySpan<byte> answer, Exchange exchange, RouteTarget target, AttemptFacts attempt)
    {
        int brace = answer.LastIndexOf((byte)'}');
        var extended = new PooledWriter();
        extended.Write(answer[..brace]);
        extended.Write(answer[..brace].TrimEnd(" \t\r\n"u8) is [.., (byte)'{'] ? "\"llm\":"u8 : ",\"llm\":"u8);
        Write(extended, exchange, target, attempt);
        extended.Write(answer[brace..]);
        return extended;
    }

    public static void Write(IBufferWriter<byte> sink, Exchange exchange, RouteTarget target, AttemptFacts attempt)
    {
        using var json = new Utf8JsonWriter(sink, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder });
        json.WriteStartObject();
        json.WriteString("provider", target.Deployment.ProviderName);
        json.WriteString("model", target.Deployment.Name);
        WriteSent(json, exchange, target, "temperature");
        WriteSent(json, exchange, target, "max_tokens");
        WriteUsage(json, attempt.Usage);
        if (attempt.CostUsd is { } cost)
        {
            json.WriteNumber("cost_usd", cost);
        }
        else
        {
            json.WriteNull("cost_usd");
        }

        json.WriteNumber("latency_ms", Math.Round(exchange.ElapsedMs, 1));
        json.WriteNumber("attempts", exchange.AttemptsBegun);
        json.WriteString("timestamp", exchange.Time.GetUtcNow());
        if (exchange.Trace is { } trace)
        {
            json.WritePropertyName("explain");
            trace.Write(json, all: false);
        }

        if (exchange.Account is { IsCut: true })
        {
            json.WriteString("reason", ErrorCode.InsufficientQuota.Wire());
        }

        attempt.SoFar?.WriteTo(json);
        json.WriteEndObject();
    }

    /// <summary>What the vendor was told: the client's own field, or the LLM's default for it.</summary>
    private static void WriteSent(Utf8JsonWriter json, Exchange exchange, RouteTarget target, string field)
    {
        json.WritePropertyName(field);
        if (exchange.Peek is { } peek && exchange.Body is { } body && body.Bytes.Length > 0)
        {
            int member = peek.Members.Find(body.Span, System.Text.Encoding.UTF8.GetBytes(field));
            if (member >= 0)
            {
                json.WriteRawValue(peek.Members[member].Value(body.Span), skipInputValidation: true);
                return;
            }
        }

        foreach (ConfigDefault fallback in target.Deployment.Defaults)
        {
            if (fallback.Name == field)
            {
                json.WriteRawValue(fallback.Json.Span, skipInputValidation: true);
                return;
            }
        }

        json.WriteNullValue();
    }

    private static void WriteUsage(Utf8JsonWriter json, TokenUsage? usage)
    {
        if (usage is not { } used)
        {
            json.WriteNull("usage");
            return;
        }

        json.WriteStartObject("usage");
        json.WriteNumber("input_tokens", used.FreshInput);
        json.WriteNumber("cached_tokens", used.CachedInput);
        json.WriteNumber("cache_write_tokens", used.CacheWrite);
        json.WriteNumber("output_tokens", used.Output);
        json.WriteNumber("reasoning_tokens", used.Reasoning);
        json.WriteEndObject();
    }
}
