using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Conversation;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>Words and objects that streams and whole messages share.</summary>
internal static class AnthropicWords
{
    /// <summary>https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons</summary>
    public static ReadOnlySpan<byte> Of(FinishReason reason, bool hasTools, bool hasStopSequence, bool hasRefused) => reason switch
    {
        FinishReason.Length => "max_tokens"u8,
        FinishReason.ToolCalls => "tool_use"u8,
        FinishReason.ContentFilter or FinishReason.Refusal => "refusal"u8,
        FinishReason.Pause => "pause_turn"u8,
        _ when hasRefused => "refusal"u8,
        _ when hasTools => "tool_use"u8,
        _ => hasStopSequence ? "stop_sequence"u8 : "end_turn"u8,
    };

    public static string AnswerId(ChatSink sink, ChatTurn turn) =>
        sink.AnswerId.StartsWith("msg_", StringComparison.Ordinal) ? sink.AnswerId : "msg_" + turn.Exchange.Id.Replace("-", "", StringComparison.Ordinal);

    /// <summary>The vendor's id, or one of our own: the same for stream and whole answer of one request.</summary>
    public static string CallId(ChatTurn turn, int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> googleSignature)
    {
        string own = id.IsEmpty
            ? string.Create(CultureInfo.InvariantCulture, $"toolu_{turn.Exchange.Id.AsSpan(24)}{tool:00}")
            : Text(id);
        return CallIds.With(own, googleSignature.IsEmpty ? default : new JsonText((byte[])[(byte)'"', .. googleSignature, (byte)'"']));
    }

    /// <summary>Input without what was read from or written to a cache, which stand beside it.</summary>
    public static void WriteUsage(Utf8JsonWriter json, TokenUsage usage)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, usage.FreshInput);
        json.WriteNumber("cache_creation_input_tokens"u8, usage.CacheWrite);
        json.WriteNumber("cache_read_input_tokens"u8, usage.CachedInput);
        json.WriteNumber("output_tokens"u8, usage.Output);
        if (usage.Reasoning > 0)
        {
            json.WriteStartObject("output_tokens_details"u8);
            json.WriteNumber("thinking_tokens"u8, usage.Reasoning);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>stop_reason and what belongs to it.</summary>
    public static void WriteStop(Utf8JsonWriter json, ReadOnlySpan<byte> reason, JsonText stopSequence)
    {
        json.WriteString("stop_reason"u8, reason);
        json.WritePropertyName("stop_sequence"u8);
        if (stopSequence.IsMissing)
        {
            json.WriteNullValue();
        }
        else
        {
            stopSequence.WriteTo(json);
        }

        if (reason.SequenceEqual("refusal"u8))
        {
            json.WriteStartObject("stop_details"u8);
            json.WriteString("type"u8, "refusal"u8);
            json.WriteNull("category"u8);
            json.WriteNull("explanation"u8);
            json.WriteEndObject();
        }
    }

    /// <summary>
    /// One citation as a text block holds it: Anthropic's own as it is, OpenAI's url_citation as what a web search found.
    /// Null for what is neither.
    /// </summary>
    public static byte[]? Citation(string name, ReadOnlySpan<byte> value)
    {
        if (name == "citations" && value is [(byte)'{', ..])
        {
            return value.ToArray();
        }

        if (name != "annotations" || value is not [(byte)'{', ..])
        {
            return null;
        }

        using JsonDocument annotation = JsonDocument.Parse(value.ToArray());
        if (!annotation.RootElement.TryGetProperty("url_citation", out JsonElement source) || source.ValueKind != JsonValueKind.Object
            || !source.TryGetProperty("url", out JsonElement url) || url.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        using var citation = new MemoryStream();
        using (var json = new Utf8JsonWriter(citation))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "web_search_result_location"u8);
            json.WriteString("cited_text"u8, ""u8);
            json.WriteString("encrypted_index"u8, ""u8);
            json.WritePropertyName("title"u8);
            if (source.TryGetProperty("title", out JsonElement title) && title.ValueKind == JsonValueKind.String)
            {
                title.WriteTo(json);
            }
            else
            {
                json.WriteNullValue();
            }

            json.WritePropertyName("url"u8);
            url.WriteTo(json);
            json.WriteEndObject();
        }

        return citation.ToArray();
    }

    private static string Text(ReadOnlySpan<byte> escaped) =>
        escaped.IndexOf((byte)'\\') < 0 ? Encoding.UTF8.GetString(escaped) : new JsonText((byte[])[(byte)'"', .. escaped, (byte)'"']).ToString();
}
