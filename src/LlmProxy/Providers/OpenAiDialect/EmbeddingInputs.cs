using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Token numbers made text again, for vendors whose embeddings take only texts: OpenAI's numbers mean nothing to them.</summary>
internal static class EmbeddingInputs
{
    /// <summary>Leaves alone what are texts already, and what is wrong: the vendor says so itself.</summary>
    public static void SayAsText(RequestEdits edits)
    {
        if (!IsOfTokens(edits.Raw("input"u8)))
        {
            return;
        }

        var request = new EmbeddingRequest();
        var wrapped = new ArrayBufferWriter<byte>();
        wrapped.Write("{\"input\":"u8);
        wrapped.Write(edits.Raw("input"u8));
        wrapped.Write("}"u8);
        if (EmbeddingReader.Read(wrapped.WrittenMemory, edits.Model, request) is not null)
        {
            return;
        }

        var texts = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(texts, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true }))
        {
            json.WriteStartArray();
            foreach (EmbeddingInput one in request.Inputs)
            {
                one.Text.WriteTo(json);
            }

            json.WriteEndArray();
        }

        edits.Set("input"u8, texts.WrittenMemory);
    }

    private static bool IsOfTokens(ReadOnlySpan<byte> input) =>
        input is [(byte)'[', ..] && input[1..].TrimStart(" \t\r\n"u8) is [(byte)'[' or (byte)'-' or (>= (byte)'0' and <= (byte)'9'), ..];
}
