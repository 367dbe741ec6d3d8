using System.Text;
using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>One response object, written whole or as the events in which it comes to be.</summary>
internal sealed class DummyResponseAnswer(DummyCall call, string text, IReadOnlyList<DummyToolCall> calls, bool isCut, int inputTokens)
{
    private readonly string _id = DummyCall.NewId("resp_");
    private readonly string _messageId = DummyCall.NewId("msg_");
    private int _sequence;

    private string FinalStatus => isCut ? "incomplete" : "completed";

    public void Write(Utf8JsonWriter json) => WriteResponse(json, FinalStatus);

    public async Task StreamAsync(DummyStream stream)
    {
        await SendStateAsync(stream, "response.created", "in_progress");
        await SendStateAsync(stream, "response.in_progress", "in_progress");
        if (calls.Count == 0)
        {
            await StreamMessageAsync(stream);
        }

        for (int i = 0; i < calls.Count; i++)
        {
            await StreamCallAsync(stream, i);
        }

        await SendStateAsync(stream, $"response.{FinalStatus}", FinalStatus);
    }

    private async Task StreamMessageAsync(DummyStream stream)
    {
        Utf8JsonWriter json = Begin(stream, "response.output_item.added", 0);
        json.WritePropertyName("item");
        WriteMessage(json, "in_progress", null);
        await EndAsync(stream, json);

        json = BeginPart(stream, "response.content_part.added");
        json.WritePropertyName("part");
        WritePart(json, "");
        await EndAsync(stream, json);

        foreach (string piece in DummyText.Pieces(text))
        {
            json = BeginPart(stream, "response.output_text.delta");
            json.WriteString("delta", piece);
            WriteNoLogprobs(json);
            await EndAsync(stream, json);
        }

        json = BeginPart(stream, "response.output_text.done");
        json.WriteString("text", text);
        WriteNoLogprobs(json);
        await EndAsync(stream, json);

        json = BeginPart(stream, "response.content_part.done");
        json.WritePropertyName("part");
        WritePart(json, text);
        await EndAsync(stream, json);

        json = Begin(stream, "response.output_item.done", 0);
        json.WritePropertyName("item");
        WriteMessage(json, FinalStatus, text);
        await EndAsync(stream, json);
    }

    private async Task StreamCallAsync(DummyStream stream, int index)
    {
        DummyToolCall tool = calls[index];
        Utf8JsonWriter json = Begin(stream, "response.output_item.added", index);
        json.WritePropertyName("item");
        WriteCall(json, tool, "in_progress", "");
        await EndAsync(stream, json);
        foreach (string piece in DummyText.Pieces(tool.Arguments))
        {
            json = Begin(stream, "response.function_call_arguments.delta", index);
            json.WriteString("item_id", ItemId(tool));
            json.WriteString("delta", piece);
            await EndAsync(stream, json);
        }

        json = Begin(stream, "response.function_call_arguments.done", index);
        json.WriteString("item_id", ItemId(tool));
        json.WriteString("name", tool.Name);
        json.WriteString("arguments", tool.Arguments);
        await EndAsync(stream, json);

        json = Begin(stream, "response.output_item.done", index);
        json.WritePropertyName("item");
        WriteCall(json, tool, "completed", tool.Arguments);
        await EndAsync(stream, json);
    }

    private ValueTask SendStateAsync(DummyStream stream, string kind, string status)
    {
        Utf8JsonWriter json = Begin(stream, kind, null);
        json.WritePropertyName("response");
        WriteResponse(json, status);
        return EndAsync(stream, json);
    }

    private Utf8JsonWriter Begin(DummyStream stream, string kind, int? outputIndex)
    {
        Utf8JsonWriter json = stream.Event(kind);
        json.WriteStartObject();
        json.WriteString("type", kind);
        json.WriteNumber("sequence_number", _sequence++);
        if (outputIndex is { } index)
        {
            json.WriteNumber("output_index", index);
        }

        return json;
    }

    private Utf8JsonWriter BeginPart(DummyStream stream, string kind)
    {
        Utf8JsonWriter json = Begin(stream, kind, 0);
        json.WriteString("item_id", _messageId);
        json.WriteNumber("content_index", 0);
        return json;
    }

    private static ValueTask EndAsync(DummyStream stream, Utf8JsonWriter json)
    {
        json.WriteEndObject();
        return stream.SendAsync();
    }

    private void WriteResponse(Utf8JsonWriter json, string status)
    {
        JsonElement root = call.Root;
        bool isOver = status != "in_progress";
        json.WriteStartObject();
        json.WriteString("id", _id);
        json.WriteString("object", "response");
        json.WriteNumber("created_at", call.Created);
        json.WriteString("status", status);
        json.WriteNull("error");
        WriteIncompleteDetails(json, status);
        Echo(json, root, "instructions", "null");
        Echo(json, root, "max_output_tokens", "null");
        json.WriteString("model", call.Model);
        json.WriteStartArray("output");
        if (isOver)
        {
            WriteOutput(json);
        }

        json.WriteEndArray();
        Echo(json, root, "parallel_tool_calls", "true");
        Echo(json, root, "previous_response_id", "null");
        Echo(json, root, "temperature", "1");
        Echo(json, root, "text", """{"format":{"type":"text"}}""");
        Echo(json, root, "tool_choice", "\"auto\"");
        Echo(json, root, "tools", "[]");
        Echo(json, root, "top_p", "1");
        Echo(json, root, "metadata", "{}");
        json.WritePropertyName("usage");
        WriteUsage(json, isOver);
        json.WriteEndObject();
    }

    private static void WriteIncompleteDetails(Utf8JsonWriter json, string status)
    {
        if (status != "incomplete")
        {
            json.WriteNull("incomplete_details");
            return;
        }

        json.WriteStartObject("incomplete_details");
        json.WriteString("reason", "max_output_tokens");
        json.WriteEndObject();
    }

    private static void Echo(Utf8JsonWriter json, JsonElement root, string name, string absent)
    {
        json.WritePropertyName(name);
        if (root.Field(name) is { } value)
        {
            value.WriteTo(json);
        }
        else
        {
            json.WriteRawValue(absent);
        }
    }

    private void WriteOutput(Utf8JsonWriter json)
    {
        foreach (DummyToolCall tool in calls)
        {
            WriteCall(json, tool, "completed", tool.Arguments);
        }

        if (calls.Count == 0)
        {
            WriteMessage(json, FinalStatus, text);
        }
    }

    private void WriteMessage(Utf8JsonWriter json, string status, string? content)
    {
        json.WriteStartObject();
        json.WriteString("id", _messageId);
        json.WriteString("type", "message");
        json.WriteString("status", status);
        json.WriteString("role", "assistant");
        json.WriteStartArray("content");
        if (content is not null)
        {
            WritePart(json, content);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter json, string content)
    {
        json.WriteStartObject();
        json.WriteString("type", "output_text");
        json.WriteString("text", content);
        json.WriteStartArray("annotations");
        json.WriteEndArray();
        WriteNoLogprobs(json);
        json.WriteEndObject();
    }

    private static void WriteNoLogprobs(Utf8JsonWriter json)
    {
        json.WriteStartArray("logprobs");
        json.WriteEndArray();
    }

    private static void WriteCall(Utf8JsonWriter json, DummyToolCall tool, string status, string arguments)
    {
        json.WriteStartObject();
        json.WriteString("id", ItemId(tool));
        json.WriteString("type", "function_call");
        json.WriteString("status", status);
        json.WriteString("call_id", tool.Id);
        json.WriteString("name", tool.Name);
        json.WriteString("arguments", arguments);
        json.WriteEndObject();
    }

    private static string ItemId(DummyToolCall tool) => string.Concat("fc_", tool.Id.AsSpan("call_".Length));

    private void WriteUsage(Utf8JsonWriter json, bool isOver)
    {
        if (!isOver)
        {
            json.WriteNullValue();
            return;
        }

        int output = DummyText.Tokens(Encoding.UTF8.GetByteCount(text) + calls.Sum(c => c.Name.Length + Encoding.UTF8.GetByteCount(c.Arguments)));
        json.WriteStartObject();
        json.WriteNumber("input_tokens", inputTokens);
        json.WriteStartObject("input_tokens_details");
        json.WriteNumber("cached_tokens", 0);
        json.WriteEndObject();
        json.WriteNumber("output_tokens", output);
        json.WriteStartObject("output_tokens_details");
        json.WriteNumber("reasoning_tokens", 0);
        json.WriteEndObject();
        json.WriteNumber("total_tokens", inputTokens + output);
        json.WriteEndObject();
    }
}
