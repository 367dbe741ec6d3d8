using System.Text.Json;
using LlmProxy.Conversation.Shortening;
using LlmProxy.Wire;

namespace LlmProxy.Tokens;

/// <summary>About how many tokens a whole answer is, where its vendor does not say: the texts in it, as any of the dialects calls them.</summary>
internal static class OutputSize
{
    public static long Estimate(ReadOnlySpan<byte> json)
    {
        long tokens = 0;
        try
        {
            var reader = new Utf8JsonReader(json, JsonMembers.ReaderOptions);
            bool isText = false;
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    isText = IsText(ref reader);
                }
                else
                {
                    tokens += isText && reader.TokenType == JsonTokenType.String ? PromptSize.OfText(reader.ValueSpan) : 0;
                    isText &= reader.TokenType == JsonTokenType.StartArray;
                }
            }
        }
        catch (JsonException)
        {
            // What was read so far is the best that can be said.
        }

        return tokens;
    }

    private static bool IsText(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("arguments"u8) || reader.ValueTextEquals("refusal"u8)
        || reader.ValueTextEquals("reasoning_content"u8) || reader.ValueTextEquals("reasoning"u8) || reader.ValueTextEquals("thinking"u8) || reader.ValueTextEquals("response"u8);
}
