using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>POST completions: the older form, text for a prompt.</summary>
internal static class DummyCompletions
{
    public static HttpResponseMessage Answer(DummyCall call, CancellationToken cancellation)
    {
        JsonElement root = call.Root;
        List<DummyInput> prompts = DummyInput.Read(root, "prompt");
        int choices = root.Whole("n", 1, 128) ?? 1;
        int? limit = root.Whole("max_tokens", 0, int.MaxValue); // OpenAI's default of 16 would cut every greeting short.
        IReadOnlyList<string> stops = DummyChat.Stops(root);
        bool echoes = root.IsTrue("echo");
        int promptTokens = 0;
        int completionTokens = 0;
        var texts = new List<(string Text, string FinishReason)>();
        foreach (DummyInput prompt in prompts)
        {
            promptTokens += prompt.Tokens;
            for (int i = 0; i < choices; i++)
            {
                (string text, bool isCut) = DummyText.Fit(DummyText.Compose(prompt.Text, null, call.Settings.Words), stops, limit);
                completionTokens += DummyText.Tokens(text);
                texts.Add(((echoes ? prompt.Text : "") + text, isCut ? "length" : "stop"));
            }
        }

        string id = DummyCall.NewId("cmpl-");
        return call.IsStream
            ? DummyStream.Respond(call, stream => StreamAsync(stream, call, id, texts, promptTokens, completionTokens), cancellation)
            : DummyAnswers.Json(json => Write(json, call, id, texts, promptTokens, completionTokens));
    }

    private static void Write(Utf8JsonWriter json, DummyCall call, string id, List<(string Text, string FinishReason)> texts, int promptTokens, int completionTokens)
    {
        WriteHead(json, call, id);
        json.WriteStartArray("choices");
        for (int i = 0; i < texts.Count; i++)
        {
            WriteChoice(json, i, texts[i].Text, texts[i].FinishReason);
        }

        json.WriteEndArray();
        DummyAnswers.WriteUsage(json, promptTokens, completionTokens);
        json.WriteEndObject();
    }

    private static async Task StreamAsync(DummyStream stream, DummyCall call, string id, List<(string Text, string FinishReason)> texts, int promptTokens, int completionTokens)
    {
        for (int i = 0; i < texts.Count; i++)
        {
            foreach (string piece in DummyText.Pieces(texts[i].Text))
            {
                WriteChunk(stream.Event(), call, id, i, piece, null);
                await stream.SendAsync();
            }

            WriteChunk(stream.Event(), call, id, i, "", texts[i].FinishReason);
            await stream.SendAsync();
        }

        if (call.Root.Field("stream_options") is { } options && options.IsTrue("include_usage"))
        {
            Utf8JsonWriter json = stream.Event();
            WriteHead(json, call, id);
            json.WriteStartArray("choices");
            json.WriteEndArray();
            DummyAnswers.WriteUsage(json, promptTokens, completionTokens);
            json.WriteEndObject();
            await stream.SendAsync();
        }

        stream.Done();
    }

    private static void WriteChunk(Utf8JsonWriter json, DummyCall call, string id, int index, string text, string? finishReason)
    {
        WriteHead(json, call, id);
        json.WriteStartArray("choices");
        WriteChoice(json, index, text, finishReason);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteHead(Utf8JsonWriter json, DummyCall call, string id)
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("object", "text_completion");
        json.WriteNumber("created", call.Created);
        json.WriteString("model", call.Model);
    }

    private static void WriteChoice(Utf8JsonWriter json, int index, string text, string? finishReason)
    {
        json.WriteStartObject();
        json.WriteString("text", text);
        json.WriteNumber("index", index);
        json.WriteNull("logprobs");
        json.WriteString("finish_reason", finishReason);
        json.WriteEndObject();
    }
}
