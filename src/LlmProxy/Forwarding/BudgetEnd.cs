using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Forwarding;

/// <summary>
/// A stream whose budget is spent ends as one that reached its length: the client's closing events are written in the
/// vendor's place, and the "llm" object of the last one says why.
/// </summary>
internal static class BudgetEnd
{
    private const string Why = "The budget ended before the answer did.";

    public static readonly VendorFailure Failure = new(ErrorCode.InsufficientQuota, Why) { IsFinal = true };

    private static readonly byte[] Reason = JsonSerializer.SerializeToUtf8Bytes(new { reason = ErrorCode.InsufficientQuota.Wire(), message = Why });

    /// <param name="exchange">The call.</param>
    /// <param name="target">Who was answering.</param>
    /// <param name="attempt">Its usage is counted up to here.</param>
    /// <param name="translator">Knows how, where the client's events are the gateway's own.</param>
    /// <param name="sink">The client's.</param>
    /// <param name="first">The first event that passed as it came.</param>
    /// <param name="last">The newest of them.</param>
    /// <returns>False: this dialect cannot be ended from outside.</returns>
    public static bool TryWrite(Exchange exchange, RouteTarget target, AttemptFacts attempt, IStreamTranslator translator, IBufferWriter<byte> sink, ReadOnlySpan<byte> first, ReadOnlySpan<byte> last)
    {
        TokenUsage usage = attempt.Usage ?? default;
        if (translator.TryCut(sink, usage, exchange.Wishes.Metadata == true ? default : Reason))
        {
            return true;
        }

        var members = new JsonMembers();
        ReadOnlySpan<byte> data = DataOf(first, members);
        if (data.IsEmpty)
        {
            return false;
        }

        if (exchange.Endpoint == EndpointKind.Chat || exchange.Endpoint == EndpointKind.Completions)
        {
            WriteChunks(exchange, target, attempt, usage, sink, data, members);
        }
        else if (exchange.Endpoint == EndpointKind.Messages)
        {
            WriteAnthropic(exchange, target, attempt, usage, sink, DataOf(last, new JsonMembers()));
        }
        else if (exchange.Endpoint == EndpointKind.OllamaChat || exchange.Endpoint == EndpointKind.OllamaGenerate)
        {
            WriteOllama(exchange, target, attempt, usage, sink, data, members);
        }
        else
        {
            return false;
        }

        return true;
    }

    private static void WriteChunks(Exchange exchange, RouteTarget target, AttemptFacts attempt, in TokenUsage usage, IBufferWriter<byte> sink, ReadOnlySpan<byte> head, JsonMembers members)
    {
        bool isChat = exchange.Endpoint == EndpointKind.Chat;
        sink.Write("data: "u8);
        using (var json = new Utf8JsonWriter(sink))
        {
            json.WriteStartObject();
            Copy(json, head, members, "id", "object", "created", "model");
            json.WriteStartArray("choices");
            json.WriteStartObject();
            json.WriteNumber("index", 0);
            if (isChat)
            {
                json.WriteStartObject("delta");
                json.WriteEndObject();
            }
            else
            {
                json.WriteString("text", "");
            }

            json.WriteNull("logprobs");
            json.WriteString("finish_reason", "length");
            json.WriteEndObject();
            json.WriteEndArray();
            WriteReason(json, exchange, target, attempt);
            json.WriteEndObject();
        }

        sink.Write("\n\n"u8);
        if (exchange.Peek is { WantsUsage: true })
        {
            sink.Write("data: "u8);
            using (var json = new Utf8JsonWriter(sink))
            {
                json.WriteStartObject();
                Copy(json, head, members, "id", "object", "created", "model");
                json.WriteStartArray("choices");
                json.WriteEndArray();
                json.WriteStartObject("usage");
                json.WriteNumber("prompt_tokens", usage.Input);
                json.WriteNumber("completion_tokens", usage.Output);
                json.WriteNumber("total_tokens", usage.Total);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            sink.Write("\n\n"u8);
        }

        sink.Write("data: [DONE]\n\n"u8);
    }

    private static void WriteAnthropic(Exchange exchange, RouteTarget target, AttemptFacts attempt, in TokenUsage usage, IBufferWriter<byte> sink, ReadOnlySpan<byte> newest)
    {
        int from = 0;
        int index = JsonScan.NextValue(newest, "\"index\""u8, ref from);
        if (index >= 0 && newest.IndexOf("\"content_block_stop\""u8) < 0 && System.Buffers.Text.Utf8Parser.TryParse(newest[index..], out int open, out _))
        {
            Event(sink, "content_block_stop"u8, json => json.WriteNumber("index", open));
        }

        TokenUsage used = usage;
        Event(sink, "message_delta"u8, json =>
        {
            json.WriteStartObject("delta");
            json.WriteString("stop_reason", "max_tokens");
            json.WriteNull("stop_sequence");
            json.WriteEndObject();
            json.WriteStartObject("usage");
            json.WriteNumber("output_tokens", used.Output);
            json.WriteEndObject();
            WriteReason(json, exchange, target, attempt);
        });
        Event(sink, "message_stop"u8, _ => { });
    }

    private static void WriteOllama(Exchange exchange, RouteTarget target, AttemptFacts attempt, in TokenUsage usage, IBufferWriter<byte> sink, ReadOnlySpan<byte> head, JsonMembers members)
    {
        using (var json = new Utf8JsonWriter(sink))
        {
            json.WriteStartObject();
            Copy(json, head, members, "model");
            json.WriteString("created_at", exchange.Time.GetUtcNow());
            if (exchange.Endpoint == EndpointKind.OllamaChat)
            {
                json.WriteStartObject("message");
                json.WriteString("role", "assistant");
                json.WriteString("content", "");
                json.WriteEndObject();
            }
            else
            {
                json.WriteString("response", "");
            }

            json.WriteBoolean("done", true);
            json.WriteString("done_reason", "length");
            json.WriteNumber("prompt_eval_count", usage.Input);
            json.WriteNumber("eval_count", usage.Output);
            WriteReason(json, exchange, target, attempt);
            json.WriteEndObject();
        }

        sink.Write("\n"u8);
    }

    private static void WriteReason(Utf8JsonWriter json, Exchange exchange, RouteTarget target, AttemptFacts attempt)
    {
        json.WritePropertyName("llm");
        if (exchange.Wishes.Metadata != true)
        {
            json.WriteRawValue(Reason);
            return;
        }

        var whole = new ArrayBufferWriter<byte>();
        AnswerMetadata.Write(whole, exchange, target, attempt);
        json.WriteRawValue(whole.WrittenSpan);
    }

    private static void Event(IBufferWriter<byte> sink, ReadOnlySpan<byte> type, Action<Utf8JsonWriter> write)
    {
        sink.Write("event: "u8);
        sink.Write(type);
        sink.Write("\ndata: "u8);
        using (var json = new Utf8JsonWriter(sink))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, type);
            write(json);
            json.WriteEndObject();
        }

        sink.Write("\n\n"u8);
    }

    private static void Copy(Utf8JsonWriter json, ReadOnlySpan<byte> head, JsonMembers members, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            int member = members.Find(head, System.Text.Encoding.UTF8.GetBytes(name));
            if (member >= 0)
            {
                json.WritePropertyName(name);
                json.WriteRawValue(members[member].Value(head));
            }
        }
    }

    /// <summary>The JSON object of an event as it came; empty where it has none.</summary>
    private static ReadOnlySpan<byte> DataOf(ReadOnlySpan<byte> raw, JsonMembers members)
    {
        int brace = raw.IndexOf((byte)'{');
        int end = raw.LastIndexOf((byte)'}');
        if (brace < 0 || end < brace)
        {
            return default;
        }

        ReadOnlySpan<byte> data = raw[brace..(end + 1)];
        try
        {
            members.Read(data);
            return data;
        }
        catch (JsonException)
        {
            return default;
        }
    }
}
