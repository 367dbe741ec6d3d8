using System.Text.Encodings.Web;
using System.Text.Json;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Guards;

/// <summary>What the webhook is told about a call.</summary>
internal static class WebhookQuestion
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static void Write(PooledWriter output, Exchange exchange, string stage, ReadOnlyMemory<byte>? answer)
    {
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteString("id"u8, exchange.Id);
        json.WriteString("key"u8, exchange.Caller.Name);
        json.WriteString("workspace"u8, exchange.Caller.Workspace);
        json.WriteString("endpoint"u8, exchange.Endpoint.Name);
        json.WriteString("model"u8, exchange.RequestedModel);
        json.WriteString("stage"u8, stage);
        json.WritePropertyName("request"u8);
        if (exchange.Peek is not null && !exchange.Body!.Bytes.IsEmpty)
        {
            json.WriteRawValue(exchange.Body.Span, skipInputValidation: true);
        }
        else
        {
            json.WriteNullValue();
        }

        if (answer is { } told)
        {
            json.WritePropertyName("answer"u8);
            WriteAnswer(json, exchange, told.Span);
        }

        json.WriteEndObject();
    }

    /// <summary>A stream is told as the list of its events' data.</summary>
    private static void WriteAnswer(Utf8JsonWriter json, Exchange exchange, ReadOnlySpan<byte> answer)
    {
        if (!exchange.IsStream)
        {
            WriteValue(json, answer);
            return;
        }

        json.WriteStartArray();
        IStreamFramer framer = exchange.Endpoint.Dialect.StreamType == "text/event-stream" ? new SseFramer() : new LineFramer();
        while (framer.TryRead(answer, ended: true, out int consumed, out StreamFrame frame))
        {
            if (frame.HasData && !frame.IsDone)
            {
                WriteValue(json, frame.Data);
            }

            answer = answer[consumed..];
        }

        json.WriteEndArray();
    }

    private static void WriteValue(Utf8JsonWriter json, ReadOnlySpan<byte> value)
    {
        if (TextPlaces.IsJson(value))
        {
            json.WriteRawValue(value, skipInputValidation: true);
        }
        else
        {
            json.WriteStringValue(System.Text.Encoding.UTF8.GetString(value));
        }
    }
}
