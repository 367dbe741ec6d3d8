using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Gemini;

/// <summary>Writes generationConfig. https://ai.google.dev/api/generate-content#generationconfig</summary>
internal static class GeminiSettings
{
    private const int MostStopWords = 5;

    public static void Write(Utf8JsonWriter json, ChatTurn turn, GeminiModel model, GeminiNative native, bool withFormat)
    {
        ChatRequest request = turn.Request;
        json.WriteStartObject("generationConfig"u8);
        Copy(json, turn, "temperature", "temperature");
        Copy(json, turn, "top_p", "topP");
        Copy(json, turn, "presence_penalty", "presencePenalty");
        Copy(json, turn, "frequency_penalty", "frequencyPenalty");
        WriteSeed(json, turn);
        WriteLogprobs(json, turn);
        WriteStop(json, turn);
        turn.Fields.Take("max_tokens");
        if (request.MaxTokens is { } limit)
        {
            json.WriteNumber("maxOutputTokens"u8, limit);
        }

        turn.Fields.Take("n");
        if (request.Choices > 1)
        {
            json.WriteNumber("candidateCount"u8, request.Choices);
        }

        turn.Fields.Take("response_format");
        if (withFormat)
        {
            WriteFormat(json, request.Format);
        }

        if (!native.Config.ContainsKey("thinkingConfig"))
        {
            GeminiThinking.Write(json, turn, model);
        }

        if (!native.Config.ContainsKey("responseModalities"))
        {
            WriteModalities(json, turn);
        }

        foreach ((string name, ReadOnlyMemory<byte> value) in native.Config)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value.Span, skipInputValidation: true);
        }

        json.WriteEndObject();
    }

    private static void Copy(Utf8JsonWriter json, ChatTurn turn, string field, string name)
    {
        ReadOnlyMemory<byte> value = turn.Fields.Take(field);
        if (!value.IsEmpty)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value.Span, skipInputValidation: true);
        }
    }

    /// <summary>Google's seed has 32 bits; a larger one is named as dropped.</summary>
    private static void WriteSeed(Utf8JsonWriter json, ChatTurn turn)
    {
        if (int.TryParse(turn.Fields.Look("seed").Span, out int seed))
        {
            turn.Fields.Take("seed");
            json.WriteNumber("seed"u8, seed);
        }
    }

    private static void WriteLogprobs(Utf8JsonWriter json, ChatTurn turn)
    {
        bool isWanted = turn.Fields.Take("logprobs").Span.SequenceEqual("true"u8);
        ReadOnlyMemory<byte> top = turn.Fields.Take("top_logprobs");
        if (!isWanted)
        {
            return;
        }

        json.WriteBoolean("responseLogprobs"u8, true);
        if (!top.IsEmpty && !top.Span.SequenceEqual("0"u8))
        {
            json.WritePropertyName("logprobs"u8);
            json.WriteRawValue(top.Span, skipInputValidation: true);
        }
    }

    private static void WriteStop(Utf8JsonWriter json, ChatTurn turn)
    {
        turn.Fields.Take("stop");
        List<JsonText> words = turn.Request.Stop;
        if (words.Count > MostStopWords)
        {
            throw turn.Refuse("stop", $"Google takes at most {MostStopWords} stop sequences.");
        }

        if (words.Count == 0)
        {
            return;
        }

        json.WriteStartArray("stopSequences"u8);
        foreach (JsonText word in words)
        {
            word.WriteTo(json);
        }

        json.WriteEndArray();
    }

    private static void WriteFormat(Utf8JsonWriter json, AnswerFormat format)
    {
        json.WriteString("responseMimeType"u8, "application/json"u8);
        if (format.Kind == AnswerFormatKind.JsonSchema)
        {
            json.WritePropertyName("responseJsonSchema"u8);
            json.WriteRawValue(format.Schema.Span, skipInputValidation: true);
        }
    }

    private static void WriteModalities(Utf8JsonWriter json, ChatTurn turn)
    {
        ReadOnlyMemory<byte> value = turn.Fields.Take("modalities");
        if (value.IsEmpty)
        {
            return;
        }

        bool hasImages = false;
        bool hasText = false;
        var kinds = new JsonWalk(value);
        while (kinds.Next())
        {
            string? kind = kinds.Text();
            hasText |= kind == "text";
            hasImages |= kind == "image";
            if (kind is not ("text" or "image"))
            {
                throw turn.Refuse("modalities", $"answers of the kind \"{kind}\" cannot be brought back from Google's models.");
            }
        }

        if (hasImages)
        {
            json.WriteStartArray("responseModalities"u8);
            if (hasText)
            {
                json.WriteStringValue("TEXT"u8);
            }

            json.WriteStringValue("IMAGE"u8);
            json.WriteEndArray();
        }
    }
}
