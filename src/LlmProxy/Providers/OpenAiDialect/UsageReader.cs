using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Reads a usage object in any of the shapes that vendors of this dialect send.</summary>
internal static class UsageReader
{
    /// <summary>The reader stands on the object's opening brace and is left on its closing one. Null: it counts no tokens.</summary>
    public static TokenUsage? Read(ref Utf8JsonReader reader) => Read(ref reader, out _);

    /// <param name="isPromised">It has the three counts of chat's schema, and its details are objects or not there.</param>
    public static TokenUsage? Read(ref Utf8JsonReader reader, out bool isPromised)
    {
        var counts = new Counts();
        int depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                ReadMember(ref reader, ref counts);
            }
        }

        isPromised = counts.Promised == 3;
        return counts.ToUsage();
    }

    /// <summary>Reads the object at the start of <paramref name="json"/>, whatever follows it.</summary>
    public static TokenUsage? Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, JsonMembers.ReaderOptions);
        reader.Read();
        return Read(ref reader);
    }

    private static void ReadMember(ref Utf8JsonReader reader, ref Counts counts)
    {
        // Chat says prompt and completion, Responses, images and transcriptions say input and output.
        if (reader.ValueTextEquals("prompt_tokens"u8))
        {
            counts.Input = Promised(ref reader, ref counts);
        }
        else if (reader.ValueTextEquals("completion_tokens"u8))
        {
            counts.Output = Promised(ref reader, ref counts);
        }
        else if (reader.ValueTextEquals("total_tokens"u8))
        {
            counts.Total = Promised(ref reader, ref counts);
        }
        else if (reader.ValueTextEquals("input_tokens"u8))
        {
            counts.Input = Number(ref reader);
        }
        else if (reader.ValueTextEquals("output_tokens"u8))
        {
            counts.Output = Number(ref reader);
        }
        else if (reader.ValueTextEquals("prompt_tokens_details"u8) || reader.ValueTextEquals("input_tokens_details"u8)
            || reader.ValueTextEquals("completion_tokens_details"u8) || reader.ValueTextEquals("output_tokens_details"u8))
        {
            ReadDetails(ref reader, ref counts);
        }
        else if (reader.ValueTextEquals("prompt_cache_hit_tokens"u8) // DeepSeek
            || reader.ValueTextEquals("cached_tokens"u8) // Together
            || reader.ValueTextEquals("num_cached_tokens"u8) // Mistral
            || reader.ValueTextEquals("cache_read_input_tokens"u8)) // LiteLLM in front of Anthropic
        {
            counts.Cached = Math.Max(counts.Cached, Number(ref reader));
        }
        else if (reader.ValueTextEquals("cache_creation_input_tokens"u8))
        {
            counts.CacheWrite = Math.Max(counts.CacheWrite, Number(ref reader));
        }
        else if (reader.ValueTextEquals("reasoning_tokens"u8)) // Perplexity and others, without details
        {
            counts.Reasoning = Math.Max(counts.Reasoning, Number(ref reader));
        }
        else
        {
            reader.Read();
            _ = reader.TrySkip(); // Skip wants the whole text to be there, which it need not be.
        }
    }

    private static void ReadDetails(ref Utf8JsonReader reader, ref Counts counts)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            counts.Promised = -1000;
            _ = reader.TrySkip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("cached_tokens"u8))
            {
                counts.Cached = Math.Max(counts.Cached, Number(ref reader));
            }
            else if (reader.ValueTextEquals("cache_write_tokens"u8) || reader.ValueTextEquals("cache_creation_tokens"u8))
            {
                counts.CacheWrite = Math.Max(counts.CacheWrite, Number(ref reader));
            }
            else if (reader.ValueTextEquals("reasoning_tokens"u8))
            {
                counts.Reasoning = Math.Max(counts.Reasoning, Number(ref reader));
            }
            else
            {
                reader.Read();
                _ = reader.TrySkip();
            }
        }
    }

    private static long Promised(ref Utf8JsonReader reader, ref Counts counts)
    {
        long number = Number(ref reader);
        counts.Promised += reader.TokenType == JsonTokenType.Number ? 1 : -1000;
        return number;
    }

    private static long Number(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.Number)
        {
            _ = reader.TrySkip();
            return 0;
        }

        if (reader.TryGetInt64(out long whole))
        {
            return Math.Max(0, whole);
        }

        return reader.TryGetDouble(out double number) && number is > 0 and < long.MaxValue ? (long)number : 0;
    }

    private struct Counts()
    {
        public long Input = -1;
        public long Output = -1;
        public long Total = -1;
        public long Cached;
        public long CacheWrite;
        public long Reasoning;

        /// <summary>How many of the schema's three counts are there; far below zero when something has the wrong form.</summary>
        public int Promised;

        public readonly TokenUsage? ToUsage()
        {
            if (Input < 0 && Output < 0 && Total < 0)
            {
                return null;
            }

            long output = Math.Max(0, Output);
            long input = Input >= 0 ? Input : Math.Max(0, Total - output);
            long reasoning = Reasoning;
            long cachedBeside = 0;
            long unexplained = Total - input - output;
            if (unexplained > 0 && unexplained == Cached + CacheWrite)
            {
                cachedBeside = unexplained; // Some gateways count cached input beside the prompt, not within it.
            }
            else if (unexplained > 0 && (reasoning == 0 || reasoning == unexplained))
            {
                // xAI, and Gemini behind its OpenAI address, bill reasoning beside completion_tokens and show it in the total.
                output += unexplained;
                reasoning = unexplained;
            }

            return TokenUsage.Within(input + cachedBeside, Cached, CacheWrite, output, reasoning);
        }
    }
}
