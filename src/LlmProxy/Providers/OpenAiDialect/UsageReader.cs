using System.Buffers.Text;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Reads a usage object in any of the shapes that vendors of this dialect send.</summary>
internal static class UsageReader
{
    /// <summary>Reads the object at the start of <paramref name="json"/>, whatever follows it. Null: it counts no tokens.</summary>
    public static TokenUsage? Read(ReadOnlySpan<byte> json)
    {
        var scanner = new JsonScanner(json, JsonMembers.MaxDepth);
        return Read(ref scanner, depth: 1, out _);
    }

    /// <summary>The scanner stands before the object's opening brace and is left behind its closing one. Null: it counts no tokens.</summary>
    /// <param name="scanner">Walks over the text around.</param>
    /// <param name="depth">How deep the object's members stand.</param>
    /// <param name="isPromised">It has the three counts of chat's schema, and its details are objects or not there.</param>
    public static TokenUsage? Read(ref JsonScanner scanner, int depth, out bool isPromised)
    {
        var counts = new Counts();
        scanner.Expect((byte)'{');
        for (bool isFirst = true; scanner.NextMember(ref isFirst, out JsonName name);)
        {
            ReadMember(ref scanner, name, depth, ref counts);
        }

        isPromised = counts.Seen == Promised.All;
        return counts.ToUsage();
    }

    private static void ReadMember(ref JsonScanner scanner, scoped JsonName name, int depth, ref Counts counts)
    {
        // Chat says prompt and completion, Responses, images and transcriptions say input and output.
        if (name.Is("prompt_tokens"u8))
        {
            counts.Input = PromisedNumber(ref scanner, depth, Promised.Prompt, ref counts);
        }
        else if (name.Is("completion_tokens"u8))
        {
            counts.Output = PromisedNumber(ref scanner, depth, Promised.Completion, ref counts);
        }
        else if (name.Is("total_tokens"u8))
        {
            counts.Total = PromisedNumber(ref scanner, depth, Promised.Total, ref counts);
        }
        else if (name.Is("input_tokens"u8))
        {
            counts.Input = Number(ref scanner, depth, out _);
        }
        else if (name.Is("output_tokens"u8))
        {
            counts.Output = Number(ref scanner, depth, out _);
        }
        else if (name.Is("prompt_tokens_details"u8) || name.Is("input_tokens_details"u8)
            || name.Is("completion_tokens_details"u8) || name.Is("output_tokens_details"u8))
        {
            ReadDetails(ref scanner, depth, ref counts);
        }
        else if (name.Is("prompt_cache_hit_tokens"u8) // DeepSeek
            || name.Is("cached_tokens"u8) // Together
            || name.Is("num_cached_tokens"u8) // Mistral
            || name.Is("cache_read_input_tokens"u8)) // LiteLLM in front of Anthropic
        {
            counts.Cached = Math.Max(counts.Cached, Number(ref scanner, depth, out _));
        }
        else if (name.Is("cache_creation_input_tokens"u8))
        {
            counts.CacheWrite = Math.Max(counts.CacheWrite, Number(ref scanner, depth, out _));
        }
        else if (name.Is("reasoning_tokens"u8)) // Perplexity and others, without details
        {
            counts.Reasoning = Math.Max(counts.Reasoning, Number(ref scanner, depth, out _));
        }
        else
        {
            scanner.SkipValue(depth);
        }
    }

    private static void ReadDetails(ref JsonScanner scanner, int depth, ref Counts counts)
    {
        if (scanner.Peek() != (byte)'{')
        {
            counts.Seen |= Promised.Broken;
            scanner.SkipValue(depth);
            return;
        }

        scanner.Expect((byte)'{');
        for (bool isFirst = true; scanner.NextMember(ref isFirst, out JsonName name);)
        {
            if (name.Is("cached_tokens"u8))
            {
                counts.Cached = Math.Max(counts.Cached, Number(ref scanner, depth + 1, out _));
            }
            else if (name.Is("cache_write_tokens"u8) || name.Is("cache_creation_tokens"u8))
            {
                counts.CacheWrite = Math.Max(counts.CacheWrite, Number(ref scanner, depth + 1, out _));
            }
            else if (name.Is("reasoning_tokens"u8))
            {
                counts.Reasoning = Math.Max(counts.Reasoning, Number(ref scanner, depth + 1, out _));
            }
            else
            {
                scanner.SkipValue(depth + 1);
            }
        }
    }

    private static long PromisedNumber(ref JsonScanner scanner, int depth, Promised part, ref Counts counts)
    {
        long number = Number(ref scanner, depth, out bool isNumber);
        counts.Seen |= isNumber ? part : Promised.Broken;
        return number;
    }

    private static long Number(ref JsonScanner scanner, int depth, out bool isNumber)
    {
        int start = scanner.Position;
        isNumber = scanner.SkipValue(depth) == JsonTokenType.Number;
        return isNumber ? Count(scanner.From(start)) : 0;
    }

    private static long Count(ReadOnlySpan<byte> number)
    {
        if (Utf8Parser.TryParse(number, out long whole, out int used) && used == number.Length)
        {
            return Math.Max(0, whole);
        }

        return Utf8Parser.TryParse(number, out double broad, out used) && used == number.Length && broad is > 0 and < long.MaxValue ? (long)broad : 0;
    }

    /// <summary>The counts of chat's schema; broken when one of them, or the details, has the wrong form.</summary>
    [Flags]
    private enum Promised
    {
        None = 0,
        Prompt = 1,
        Completion = 2,
        Total = 4,
        All = 7,
        Broken = 8,
    }

    private struct Counts()
    {
        public long Input = -1;
        public long Output = -1;
        public long Total = -1;
        public long Cached;
        public long CacheWrite;
        public long Reasoning;

        public Promised Seen;

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
