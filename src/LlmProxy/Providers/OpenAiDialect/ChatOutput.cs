using System.Text.Json;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Whether a chunk says something: a role alone, an empty choice list or a content-filter note does not.</summary>
internal static class ChatOutput
{
    public static bool IsIn(ReadOnlySpan<byte> chunk)
    {
        var reader = new Utf8JsonReader(chunk);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1)
            {
                bool isChoices = reader.ValueTextEquals("choices"u8);
                reader.Read();
                if (isChoices && reader.TokenType == JsonTokenType.StartArray)
                {
                    return AnyChoice(ref reader);
                }

                reader.Skip();
            }
        }

        return false;
    }

    private static bool AnyChoice(ref Utf8JsonReader reader)
    {
        int depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != depth + 2)
            {
                continue;
            }

            bool isDelta = reader.ValueTextEquals("delta"u8);
            bool isPlain = reader.ValueTextEquals("finish_reason"u8) || reader.ValueTextEquals("text"u8);
            reader.Read();
            if (isPlain && HasValue(ref reader))
            {
                return true;
            }

            if (isDelta && reader.TokenType == JsonTokenType.StartObject)
            {
                if (AnyField(ref reader))
                {
                    return true;
                }
            }
            else
            {
                reader.Skip();
            }
        }

        return false;
    }

    /// <summary>Content, reasoning under any of its names, tool calls, refusal, audio: whatever is there and not empty, but the role.</summary>
    private static bool AnyField(ref Utf8JsonReader reader)
    {
        bool found = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isRole = reader.ValueTextEquals("role"u8);
            reader.Read();
            found |= !isRole && HasValue(ref reader);
            reader.Skip();
        }

        return found;
    }

    private static bool HasValue(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return reader.ValueSpan.Length > 0;
            case JsonTokenType.StartArray or JsonTokenType.StartObject:
                Utf8JsonReader inside = reader;
                return inside.Read() && inside.TokenType is not (JsonTokenType.EndArray or JsonTokenType.EndObject);
            default:
                return reader.TokenType is JsonTokenType.Number or JsonTokenType.True;
        }
    }
}
