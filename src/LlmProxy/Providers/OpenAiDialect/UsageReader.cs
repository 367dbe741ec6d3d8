using System.Text.Json;
using LlmProxy.Accounting;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Reads the usage objects that servers of this dialect send, under all the names they give the same counts.</summary>
internal static class UsageReader
{
    /// <summary>Null when the value is no usage object, or counts nothing.</summary>
    public static TokenUsage? Read(ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        long input = 0, output = 0, cached = 0, written = 0, reasoning = 0;
        bool counts = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject || reader.CurrentDepth > 0)
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            // The details objects are walked like the outer one: their names clash with nothing.
            if (reader.ValueTextEquals("prompt_tokens"u8) || reader.ValueTextEquals("input_tokens"u8))
            {
                counts |= Take(ref reader, ref input);
            }
            else if (reader.ValueTextEquals("completion_tokens"u8) || reader.ValueTextEquals("output_tokens"u8))
            {
                counts |= Take(ref reader, ref output);
            }
            else if (reader.ValueTextEquals("cached_tokens"u8) || reader.ValueTextEquals("prompt_cache_hit_tokens"u8))
            {
                Take(ref reader, ref cached);
            }
            else if (reader.ValueTextEquals("cache_creation_tokens"u8) || reader.ValueTextEquals("cache_creation_input_tokens"u8))
            {
                Take(ref reader, ref written);
            }
            else if (reader.ValueTextEquals("reasoning_tokens"u8))
            {
                Take(ref reader, ref reasoning);
            }
            else if (reader.ValueTextEquals("total_tokens"u8))
            {
                long total = 0;
                counts |= Take(ref reader, ref total);
                input = input == 0 && output == 0 ? total : input;
            }
        }

        cached = Math.Min(cached, input);
        written = Math.Min(written, input - cached);
        return counts ? new TokenUsage(input - cached - written, cached, written, output, Math.Min(reasoning, output)) : null;
    }

    private static bool Take(ref Utf8JsonReader reader, ref long count)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long value) || value < 0)
        {
            return false;
        }

        count = Math.Max(count, value);
        return true;
    }
}
