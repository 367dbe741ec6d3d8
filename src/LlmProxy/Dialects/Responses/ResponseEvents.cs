using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Dialects.Responses;

/// <summary>Writes the numbered events in which a streamed Response comes to be.</summary>
internal sealed class ResponseEvents(AttemptFacts attempt)
{
    public static readonly JsonWriterOptions Json = new() { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true };

    /// <summary>Another attempt tells the rest; the numbers go on.</summary>
    public void GoOn(AttemptFacts next)
    {
        next.EventsTold = attempt.EventsTold;
        attempt = next;
    }

    /// <summary>An event's name, number and what it is about; the rest is the caller's to write, and <see cref="End"/>.</summary>
    public Utf8JsonWriter Begin(IBufferWriter<byte> output, string type, OutputItem? item = null)
    {
        output.Write("event: "u8);
        output.Write(Encoding.ASCII.GetBytes(type));
        output.Write("\ndata: "u8);
        var json = new Utf8JsonWriter(output, Json);
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        json.WriteNumber("sequence_number"u8, attempt.EventsTold++);
        if (item is not null)
        {
            json.WriteNumber("output_index"u8, item.Index);
        }

        return json;
    }

    public static void End(Utf8JsonWriter json, IBufferWriter<byte> output)
    {
        json.WriteEndObject();
        json.Dispose();
        output.Write("\n\n"u8);
    }

    /// <summary>How all pieces of one text begin, up to the text.</summary>
    public static byte[] DeltaHead(string type, OutputItem item, string? indexName = null, int index = 0) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"event: {type}\ndata: {{\"type\":\"{type}\",\"item_id\":\"{item.Id}\",\"output_index\":{item.Index}{(indexName is null ? "" : $",\"{indexName}\":{index}")},\"delta\":\""));

    public void Delta(IBufferWriter<byte> output, byte[] head, ReadOnlySpan<byte> escaped, bool hasLogprobs = false, ReadOnlySpan<byte> logprobs = default)
    {
        output.Write(head);
        output.Write(escaped);
        if (hasLogprobs)
        {
            output.Write("\",\"logprobs\":["u8);
            output.Write(logprobs);
            output.Write("],\"sequence_number\":"u8);
        }
        else
        {
            output.Write("\",\"sequence_number\":"u8);
        }

        Span<byte> digits = output.GetSpan(20);
        _ = attempt.EventsTold++.TryFormat(digits, out int written, default, CultureInfo.InvariantCulture);
        output.Advance(written);
        output.Write("}\n\n"u8);
    }

    public void Item(IBufferWriter<byte> output, OutputItem item, bool isNew)
    {
        Utf8JsonWriter json = Begin(output, isNew ? "response.output_item.added" : "response.output_item.done", item);
        json.WritePropertyName("item"u8);
        item.WriteTo(json, isNew);
        End(json, output);
    }

    public void Part(IBufferWriter<byte> output, MessageItem message, MessagePart part, bool isNew)
    {
        Utf8JsonWriter json = BeginAt(output, isNew ? "response.content_part.added" : "response.content_part.done", message, "content_index"u8, part.Index);
        json.WritePropertyName("part"u8);
        part.WriteTo(json, isNew);
        End(json, output);
    }

    public void TextDone(IBufferWriter<byte> output, MessageItem message, MessagePart part)
    {
        Utf8JsonWriter json = BeginAt(output, part.IsRefusal ? "response.refusal.done" : "response.output_text.done", message, "content_index"u8, part.Index);
        part.Text.WriteTo(json, part.IsRefusal ? "refusal"u8 : "text"u8);
        if (!part.IsRefusal)
        {
            MessagePart.WriteLogprobs(json, part.Logprobs.WrittenSpan);
        }

        End(json, output);
    }

    public void Annotation(IBufferWriter<byte> output, MessageItem message, MessagePart part, int index, ReadOnlySpan<byte> annotation)
    {
        Utf8JsonWriter json = BeginAt(output, "response.output_text.annotation.added", message, "content_index"u8, part.Index);
        json.WriteNumber("annotation_index"u8, index);
        json.WritePropertyName("annotation"u8);
        json.WriteRawValue(annotation, skipInputValidation: true);
        End(json, output);
    }

    public void SummaryPart(IBufferWriter<byte> output, ReasoningItem item, bool isNew)
    {
        Utf8JsonWriter json = BeginAt(output, isNew ? "response.reasoning_summary_part.added" : "response.reasoning_summary_part.done", item, "summary_index"u8, item.PartIndex);
        json.WritePropertyName("part"u8);
        ReasoningItem.WritePart(json, isNew ? null : item.Text);
        End(json, output);
    }

    public void SummaryDone(IBufferWriter<byte> output, ReasoningItem item)
    {
        Utf8JsonWriter json = BeginAt(output, "response.reasoning_summary_text.done", item, "summary_index"u8, item.PartIndex);
        item.Text.WriteTo(json, "text"u8);
        End(json, output);
    }

    /// <summary>A custom tool's input is known only now, and goes out as one piece.</summary>
    public void CallDone(IBufferWriter<byte> output, CallItem call)
    {
        if (call.IsCustom)
        {
            Utf8JsonWriter delta = Begin(output, "response.custom_tool_call_input.delta", call);
            delta.WriteString("item_id"u8, call.Id);
            call.WriteInput(delta, "delta"u8);
            End(delta, output);
        }

        Utf8JsonWriter json = Begin(output, call.IsCustom ? "response.custom_tool_call_input.done" : "response.function_call_arguments.done", call);
        json.WriteString("item_id"u8, call.Id);
        if (call.IsCustom)
        {
            call.WriteInput(json, "input"u8);
        }
        else
        {
            json.WritePropertyName("name"u8);
            json.WriteRawValue(call.Name, skipInputValidation: true);
            call.Arguments.WriteTo(json, "arguments"u8);
        }

        End(json, output);
    }

    private Utf8JsonWriter BeginAt(IBufferWriter<byte> output, string type, OutputItem item, ReadOnlySpan<byte> indexName, int index)
    {
        Utf8JsonWriter json = Begin(output, type, item);
        json.WriteString("item_id"u8, item.Id);
        json.WriteNumber(indexName, index);
        return json;
    }
}
