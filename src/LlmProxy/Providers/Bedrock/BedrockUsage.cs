using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Bedrock;

/// <summary>
/// Tokens as Converse counts them: inputTokens leaves out what was read from or written to the cache.
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
/// </summary>
internal static class BedrockUsage
{
    /// <summary>Null where nothing is counted.</summary>
    public static TokenUsage? Read(ReadOnlySpan<byte> usage)
    {
        if (usage.IsEmpty || usage[0] != '{')
        {
            return null;
        }

        long input = 0, output = 0, total = 0, read = 0, write = 0;
        bool isCounted = false;
        var reader = new Utf8JsonReader(usage, JsonMembers.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("inputTokens"u8))
            {
                isCounted |= Take(ref reader, ref input);
            }
            else if (reader.ValueTextEquals("outputTokens"u8))
            {
                isCounted |= Take(ref reader, ref output);
            }
            else if (reader.ValueTextEquals("totalTokens"u8))
            {
                Take(ref reader, ref total);
            }
            else if (reader.ValueTextEquals("cacheReadInputTokens"u8) || reader.ValueTextEquals("cacheReadInputTokenCount"u8))
            {
                Take(ref reader, ref read);
            }
            else if (reader.ValueTextEquals("cacheWriteInputTokens"u8) || reader.ValueTextEquals("cacheWriteInputTokenCount"u8))
            {
                Take(ref reader, ref write);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        // The sum tells should a model count otherwise.
        return !isCounted ? null
            : total > 0 && total == input + output && read + write > 0 ? TokenUsage.Within(input, read, write, output, 0)
            : new TokenUsage(input, read, write, output, 0);
    }

    private static bool Take(ref Utf8JsonReader reader, ref long count)
    {
        reader.Read();
        bool isNumber = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long number) && number is >= 0 and < 1L << 40;
        count = isNumber ? reader.GetInt64() : count;
        reader.Skip();
        return isNumber;
    }
}
