using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>
/// Tokens as Anthropic counts them: input_tokens leaves out what was read from or written to the cache. A stream tells
/// them in pieces, each count the sum so far; what a later piece leaves out stays as it was.
/// </summary>
internal sealed class AnthropicUsage
{
    private long _input;
    private long _cacheRead;
    private long _cacheWrite;
    private long _output;
    private long _thinking;

    /// <summary>Reads a "usage" object.</summary>
    public TokenUsage Read(ReadOnlySpan<byte> usage)
    {
        var reader = new Utf8JsonReader(usage, JsonMembers.ReaderOptions);
        reader.Read();
        Read(ref reader);
        return new TokenUsage(_input, _cacheRead, _cacheWrite, _output, Math.Min(_thinking, _output));
    }

    private void Read(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("input_tokens"u8))
            {
                Take(ref reader, ref _input);
            }
            else if (reader.ValueTextEquals("cache_read_input_tokens"u8))
            {
                Take(ref reader, ref _cacheRead);
            }
            else if (reader.ValueTextEquals("cache_creation_input_tokens"u8))
            {
                Take(ref reader, ref _cacheWrite);
            }
            else if (reader.ValueTextEquals("output_tokens"u8))
            {
                Take(ref reader, ref _output);
            }
            else if (reader.ValueTextEquals("thinking_tokens"u8))
            {
                Take(ref reader, ref _thinking);
            }
            else
            {
                bool isDetails = reader.ValueTextEquals("output_tokens_details"u8);
                reader.Read();
                if (isDetails && reader.TokenType == JsonTokenType.StartObject)
                {
                    Read(ref reader);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
    }

    private static void Take(ref Utf8JsonReader reader, ref long count)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long number) && number >= 0)
        {
            count = number;
        }

        reader.Skip();
    }
}
