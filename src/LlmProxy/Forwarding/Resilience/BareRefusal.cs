using System.Text.Json;

namespace LlmProxy.Forwarding.Resilience;

/// <summary>
/// Whether an answer, as its client would read it, is nothing but a content policy's refusal: finish_reason
/// "content_filter" or stop_reason "refusal" without a word before. Looked at only where the operator lets such calls go on.
/// </summary>
internal static class BareRefusal
{
    /// <param name="answer">A whole JSON answer, or the first events of a stream.</param>
    public static bool Is(ReadOnlySpan<byte> answer)
    {
        // Nearly every answer ends here.
        if (answer.IndexOf("content_filter"u8) < 0 && answer.IndexOf("refusal"u8) < 0)
        {
            return false;
        }

        var found = new Found();
        if (answer.TrimStart(" \r\n\t"u8) is [(byte)'{', ..])
        {
            return Look(answer, ref found) && found.IsRefused;
        }

        foreach (Range range in answer.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = answer[range].Trim((byte)'\r');
            if (line.StartsWith("data:"u8) && line[5..].Trim((byte)' ') is [(byte)'{', ..] data && !Look(data, ref found))
            {
                return false;
            }
        }

        return found.IsRefused;
    }

    /// <summary>False when there is output in it.</summary>
    private static bool Look(ReadOnlySpan<byte> json, ref Found found)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                {
                    continue;
                }

                bool isOutput = reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("reasoning_content"u8)
                    || reader.ValueTextEquals("thinking"u8) || reader.ValueTextEquals("partial_json"u8) || reader.ValueTextEquals("arguments"u8);
                bool isEnd = reader.ValueTextEquals("finish_reason"u8) || reader.ValueTextEquals("stop_reason"u8);
                if (!reader.Read() || reader.TokenType != JsonTokenType.String)
                {
                    continue;
                }

                if (isOutput && !reader.ValueTextEquals(""u8))
                {
                    return false;
                }

                found.IsRefused |= isEnd && (reader.ValueTextEquals("content_filter"u8) || reader.ValueTextEquals("refusal"u8));
            }
        }
        catch (JsonException)
        {
            return false; // Cut in the middle of an event, or no JSON: not for us to judge.
        }

        return true;
    }

    private ref struct Found
    {
        public bool IsRefused;
    }
}
