using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Reads a usage object in any of the shapes that vendors of this dialect send.</summary>
internal static class UsageReader
{
    /// <summary>The reader stands on the object's opening brace and is left on its closing one. Null: it counts no tokens.</summary>
    public static TokenUsage? Read(ref Utf8JsonReader reader)
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
        if (reader.ValueTextEquals("prompt_tokens"u8) || reader.ValueTextEquals("input_tokens"u8))
        {
            counts.Input = Number(ref reader);
        }
        else if (reader.ValueTextEquals("completion_tokens"u8) || reader.ValueTextEquals("output_tokens"u8))
        {
            counts.Output = Number(ref reader);
        }
        else if (reader.ValueTextEquals("total_tokens"u8))
        {
            counts.Total = Number(ref reader);
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
            reader.Skip();
        }
    }

    private static void ReadDetails(ref Utf8JsonReader reader, ref Counts counts)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
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
                reader.Skip();
            }
        }
    }

    private static long Number(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.Number)
        {
            reader.Skip();
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
