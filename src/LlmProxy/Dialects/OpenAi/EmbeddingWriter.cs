using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Routing;
using LlmProxy.Tokens;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>Writes vectors as OpenAI's list of embeddings.</summary>
internal static class EmbeddingWriter
{
    public static void Write(EmbeddingTurn turn, EmbeddingAnswer answer, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true });
        var text = new ArrayBufferWriter<byte>();
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        for (int i = 0; i < answer.Vectors.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "embedding"u8);
            json.WriteNumber("index"u8, i);
            json.WritePropertyName("embedding"u8);
            WriteVector(json, answer.Vectors[i].Span, turn.Request.WantsBase64, text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("model"u8, answer.ReportedModel ?? turn.Target.Model);
        WriteUsage(json, turn, answer);
        json.WriteEndObject();
    }

    private static void WriteVector(Utf8JsonWriter json, ReadOnlySpan<byte> vector, bool wantsBase64, ArrayBufferWriter<byte> text)
    {
        if (!wantsBase64)
        {
            json.WriteRawValue(vector, skipInputValidation: true);
            return;
        }

        text.ResetWrittenCount();
        var reader = new Utf8JsonReader(vector, JsonMembers.ReaderOptions);
        reader.Read();
        EmbeddingVector.WriteBase64(ref reader, text);
        json.WriteRawValue(text.WrittenSpan, skipInputValidation: true);
    }

    /// <summary>OpenAI's schema demands counts; where the vendor gives none they are our own, and say so.</summary>
    private static void WriteUsage(Utf8JsonWriter json, EmbeddingTurn turn, EmbeddingAnswer answer)
    {
        long input = answer.Usage?.Input ?? 0;
        for (int i = 0; answer.Usage is null && i < turn.Request.Inputs.Count; i++)
        {
            input += TokenCounter.Count(turn.TextOf(i), turn.Target.Model);
        }

        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, input);
        json.WriteNumber("total_tokens"u8, input);
        if (answer.Usage is null)
        {
            json.WriteBoolean("estimated"u8, true);
        }

        json.WriteEndObject();
    }
}
