using System.Globalization;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Conversation;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>Words and objects that chunks and whole completions share.</summary>
internal static class ChatWords
{
    public static ReadOnlySpan<byte> Of(FinishReason reason) => reason switch
    {
        FinishReason.Length => "length"u8,
        FinishReason.ToolCalls => "tool_calls"u8,
        FinishReason.ContentFilter or FinishReason.Refusal => "content_filter"u8,
        _ => "stop"u8,
    };

    /// <summary>Clients that offer "functions" know calls only as "function_call", one in each answer.</summary>
    public static bool KnowsFunctionsOnly(ChatTurn turn) => turn.Request.Fields.Exists(field => field.ClientName == "functions");

    public static string AnswerId(ChatSink sink, ChatTurn turn) =>
        sink.AnswerId.Length > 0 ? sink.AnswerId : "chatcmpl-" + turn.Exchange.Id.Replace("-", "", StringComparison.Ordinal);

    /// <summary>An id for a call whose vendor has none: the same for stream and whole answer of one request.</summary>
    public static string CallId(ChatTurn turn, int choice, int tool) => string.Create(
        CultureInfo.InvariantCulture, $"call_{turn.Exchange.Id.AsSpan(24)}{(choice == 0 ? "" : choice.ToString(CultureInfo.InvariantCulture) + "x")}{tool:00}");

    public static void WriteUsage(Utf8JsonWriter json, TokenUsage usage)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, usage.Input);
        json.WriteNumber("completion_tokens"u8, usage.Output);
        json.WriteNumber("total_tokens"u8, usage.Total);
        json.WriteStartObject("prompt_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, usage.CachedInput);
        json.WriteNumber("audio_tokens"u8, 0);
        if (usage.CacheWrite > 0)
        {
            json.WriteNumber("cache_write_tokens"u8, usage.CacheWrite);
        }

        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, usage.Reasoning);
        json.WriteNumber("audio_tokens"u8, 0);
        json.WriteNumber("accepted_prediction_tokens"u8, 0);
        json.WriteNumber("rejected_prediction_tokens"u8, 0);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
