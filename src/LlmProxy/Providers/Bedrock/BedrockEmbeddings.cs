using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Bedrock;

/// <summary>
/// Embeddings by InvokeModel, in each family's own words: Titan one text a call, Cohere up to 96.
/// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html, /model-parameters-embed.html
/// </summary>
internal sealed class BedrockEmbeddings : IEmbeddingVendor
{
    private const int MostCohereTexts = 96;

    public int MaxInputs(EmbeddingTurn turn) => IsCohere(turn) ? MostCohereTexts : 1;

    public string PathFor(EmbeddingTurn turn) => BedrockChat.PathFor(turn.Target.Model, "invoke");

    public void Write(EmbeddingTurn turn, int first, int count, IBufferWriter<byte> body)
    {
        using var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true });
        turn.Fields.Take("input");
        json.WriteStartObject();
        if (IsCohere(turn))
        {
            WriteCohere(json, turn, first, count);
        }
        else
        {
            WriteTitan(json, turn, first);
        }

        json.WriteEndObject();
    }

    public void Read(EmbeddingTurn turn, ReadOnlyMemory<byte> body, EmbeddingAnswer answer)
    {
        bool isRead = false;
        var members = new JsonWalk(body);
        while (members.Next())
        {
            if (members.Is("embedding"u8) && members.IsArray)
            {
                answer.Vectors.Add(members.Value);
                isRead = true;
            }
            else if (members.Is("embeddings"u8))
            {
                isRead |= ReadCohere(members.Value, answer);
            }
            else if (members.Is("inputTextTokenCount"u8) && members.Number() is { } tokens)
            {
                answer.Usage = new TokenUsage(tokens, 0, 0, 0, 0);
            }
        }

        if (!isRead)
        {
            throw new JsonException("There is no vector in it.");
        }
    }

    private static bool IsCohere(EmbeddingTurn turn) => turn.Target.Model.Contains("cohere.", StringComparison.OrdinalIgnoreCase);

    private static void WriteTitan(Utf8JsonWriter json, EmbeddingTurn turn, int input)
    {
        json.WritePropertyName("inputText"u8);
        turn.TextOf(input).WriteTo(json);
        if (!turn.Target.Model.Contains("titan-embed-text-v2", StringComparison.OrdinalIgnoreCase))
        {
            return; // The first version knows nothing else.
        }

        turn.Fields.Take("dimensions");
        if (turn.Request.Dimensions is { } dimensions)
        {
            json.WriteNumber("dimensions"u8, dimensions);
        }

        ReadOnlyMemory<byte> normalize = turn.Fields.Take("normalize");
        if (!normalize.IsEmpty)
        {
            json.WritePropertyName("normalize"u8);
            json.WriteRawValue(normalize.Span, skipInputValidation: true);
        }
    }

    private static void WriteCohere(Utf8JsonWriter json, EmbeddingTurn turn, int first, int count)
    {
        json.WriteStartArray("texts"u8);
        for (int i = first; i < first + count; i++)
        {
            turn.TextOf(i).WriteTo(json);
        }

        json.WriteEndArray();
        turn.Fields.Take("input_type");
        json.WriteString("input_type"u8, PurposeOf(turn.Request.Purpose.ToString()));
        json.WriteStartArray("embedding_types"u8);
        json.WriteStringValue("float"u8);
        json.WriteEndArray();
        if (turn.Target.Model.Contains("embed-v4", StringComparison.OrdinalIgnoreCase))
        {
            turn.Fields.Take("dimensions");
            if (turn.Request.Dimensions is { } dimensions)
            {
                json.WriteNumber("output_dimension"u8, dimensions);
            }
        }

        ReadOnlyMemory<byte> truncate = turn.Fields.Take("truncate");
        if (!truncate.IsEmpty)
        {
            json.WritePropertyName("truncate"u8);
            json.WriteRawValue(truncate.Span, skipInputValidation: true);
        }
    }

    /// <summary>The field is demanded; Gemini's words for it are understood, and texts are documents when nobody says.</summary>
    private static string PurposeOf(string purpose) => purpose.ToLowerInvariant() switch
    {
        "" or "document" or "retrieval_document" or "passage" => "search_document",
        "query" or "retrieval_query" or "question_answering" or "fact_verification" or "code_retrieval_query" => "search_query",
        "semantic_similarity" => "clustering",
        { } known => known,
    };

    /// <summary>By type, or with one type asked for as a bare list.</summary>
    private static bool ReadCohere(ReadOnlyMemory<byte> embeddings, EmbeddingAnswer answer)
    {
        var walk = new JsonWalk(embeddings);
        bool isList = embeddings.Span[0] == '[';
        bool isRead = isList;
        while (walk.Next())
        {
            if (isList)
            {
                answer.Vectors.Add(walk.IsArray ? walk.Value : throw new JsonException("A vector is a list of numbers."));
            }
            else if (walk.Is("float"u8))
            {
                isRead = ReadCohere(walk.Value, answer);
            }
        }

        return isRead;
    }
}
