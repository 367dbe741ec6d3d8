using System.Text;
using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>One chat answer, written whole or as a stream of chunks.</summary>
internal sealed class DummyChatAnswer(DummyCall call, string text, IReadOnlyList<DummyToolCall> calls)
{
    private readonly string _id = DummyCall.NewId("chatcmpl-");
    private readonly string _model = call.Model;
    private readonly bool _reportsUsage = call.Root.Field("stream_options") is { } options && options.IsTrue("include_usage");

    public required string FinishReason { get; init; }

    public required int Choices { get; init; }

    public required int PromptTokens { get; init; }

    private int CompletionTokens
    {
        get
        {
            int bytes = Encoding.UTF8.GetByteCount(text);
            foreach (DummyToolCall tool in calls)
            {
                bytes += tool.Name.Length + Encoding.UTF8.GetByteCount(tool.Arguments);
            }

            return DummyText.Tokens(bytes) * Choices;
        }
    }

    public void Write(Utf8JsonWriter json)
    {
        WriteHead(json, "chat.completion");
        json.WriteStartArray("choices");
        for (int i = 0; i < Choices; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("index", i);
            json.WriteStartObject("message");
            json.WriteString("role", "assistant");
            json.WriteString("content", calls.Count > 0 ? null : text);
            json.WriteNull("refusal");
            WriteCalls(json);
            json.WriteEndObject();
            json.WriteNull("logprobs");
            json.WriteString("finish_reason", FinishReason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        DummyAnswers.WriteUsage(json, PromptTokens, CompletionTokens);
        json.WriteEndObject();
    }

    public async Task StreamAsync(DummyStream stream)
    {
        for (int i = 0; i < Choices; i++)
        {
            await SendAsync(stream, i, static (json, isCall) =>
            {
                json.WriteString("role", "assistant");
                json.WriteString("content", isCall ? null : "");
            }, calls.Count > 0);
            foreach (string piece in DummyText.Pieces(text))
            {
                await SendAsync(stream, i, static (json, words) => json.WriteString("content", words), piece);
            }

            await StreamCallsAsync(stream, i);
            await SendAsync(stream, i, static (_, _) => { }, 0, FinishReason);
        }

        if (_reportsUsage)
        {
            Utf8JsonWriter json = stream.Event();
            WriteHead(json, "chat.completion.chunk");
            json.WriteStartArray("choices");
            json.WriteEndArray();
            DummyAnswers.WriteUsage(json, PromptTokens, CompletionTokens);
            json.WriteEndObject();
            await stream.SendAsync();
        }

        stream.Done();
    }

    private async Task StreamCallsAsync(DummyStream stream, int choice)
    {
        for (int i = 0; i < calls.Count; i++)
        {
            await SendAsync(stream, choice, static (json, at) =>
            {
                StartCallDelta(json, at.Index);
                json.WriteString("id", at.Call.Id);
                json.WriteString("type", "function");
                json.WriteStartObject("function");
                json.WriteString("name", at.Call.Name);
                json.WriteString("arguments", "");
                EndCallDelta(json);
            }, (Index: i, Call: calls[i]));
            foreach (string piece in DummyText.Pieces(calls[i].Arguments))
            {
                await SendAsync(stream, choice, static (json, at) =>
                {
                    StartCallDelta(json, at.Index);
                    json.WriteStartObject("function");
                    json.WriteString("arguments", at.Piece);
                    EndCallDelta(json);
                }, (Index: i, Piece: piece));
            }
        }
    }

    private ValueTask SendAsync<T>(DummyStream stream, int choice, Action<Utf8JsonWriter, T> delta, T state, string? finishReason = null)
    {
        Utf8JsonWriter json = stream.Event();
        WriteHead(json, "chat.completion.chunk");
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", choice);
        json.WriteStartObject("delta");
        delta(json, state);
        json.WriteEndObject();
        json.WriteNull("logprobs");
        json.WriteString("finish_reason", finishReason);
        json.WriteEndObject();
        json.WriteEndArray();
        if (_reportsUsage)
        {
            json.WriteNull("usage");
        }

        json.WriteEndObject();
        return stream.SendAsync();
    }

    private void WriteHead(Utf8JsonWriter json, string kind)
    {
        json.WriteStartObject();
        json.WriteString("id", _id);
        json.WriteString("object", kind);
        json.WriteNumber("created", call.Created);
        json.WriteString("model", _model);
        json.WriteString("system_fingerprint", "dummy");
    }

    private void WriteCalls(Utf8JsonWriter json)
    {
        if (calls.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tool_calls");
        foreach (DummyToolCall tool in calls)
        {
            json.WriteStartObject();
            json.WriteString("id", tool.Id);
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", tool.Name);
            json.WriteString("arguments", tool.Arguments);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void StartCallDelta(Utf8JsonWriter json, int index)
    {
        json.WriteStartArray("tool_calls");
        json.WriteStartObject();
        json.WriteNumber("index", index);
    }

    private static void EndCallDelta(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
    }
}
