using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Gemini;

/// <summary>Embeddings at the developer API. https://ai.google.dev/api/embeddings</summary>
internal sealed class GeminiEmbeddings : IEmbeddingVendor
{
    public int MaxInputs(EmbeddingTurn turn) => 100;

    public string PathFor(EmbeddingTurn turn) => GeminiAddress.For(turn.Target.Model, "batchEmbedContents");

    public void Write(EmbeddingTurn turn, int first, int count, IBufferWriter<byte> body)
    {
        string? task = GeminiTasks.Take(turn);
        string? title = GeminiTasks.TakeTitle(turn);
        using var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder });
        json.WriteStartObject();
        json.WriteStartArray("requests"u8);
        for (int i = first; i < first + count; i++)
        {
            json.WriteStartObject();
            json.WriteString("model"u8, GeminiAddress.NameOf(turn.Target.Model));
            json.WriteStartObject("content"u8);
            json.WriteStartArray("parts"u8);
            json.WriteStartObject();
            json.WritePropertyName("text"u8);
            turn.TextOf(i).WriteTo(json);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            if (task is not null)
            {
                json.WriteString("taskType"u8, task);
            }

            if (title is not null)
            {
                json.WriteString("title"u8, title);
            }

            if (turn.Request.Dimensions is { } dimensions)
            {
                json.WriteNumber("outputDimensionality"u8, dimensions);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public void Read(EmbeddingTurn turn, ReadOnlyMemory<byte> body, EmbeddingAnswer answer)
    {
        int before = answer.Vectors.Count;
        var members = new Wire.JsonWalk(body);
        while (members.Next())
        {
            if (members.Is("embeddings"u8))
            {
                var items = new Wire.JsonWalk(members.Value);
                while (items.Next())
                {
                    answer.Vectors.Add(GeminiVectors.ValuesIn(items.Value));
                }
            }
            else if (members.Is("embedding"u8))
            {
                answer.Vectors.Add(GeminiVectors.ValuesIn(members.Value));
            }
            else if (members.Is("usageMetadata"u8) && GeminiUsage.Read(members.Value.Span) is { } usage)
            {
                answer.Usage = new TokenUsage(usage.Input, 0, 0, 0, 0);
            }
        }

        if (answer.Vectors.Count == before)
        {
            throw new JsonException("The answer has no embeddings.");
        }
    }
}

/// <summary>Vectors as both addresses send them.</summary>
internal static class GeminiVectors
{
    /// <summary>The array of numbers in an embedding object.</summary>
    public static ReadOnlyMemory<byte> ValuesIn(ReadOnlyMemory<byte> embedding)
    {
        var members = new Wire.JsonWalk(embedding);
        while (members.Next())
        {
            if (members.Is("values"u8) && members.IsArray)
            {
                var numbers = new Wire.JsonWalk(members.Value);
                while (numbers.Next())
                {
                    if (numbers.Kind != JsonTokenType.Number)
                    {
                        throw new JsonException("A vector must hold numbers.");
                    }
                }

                return members.Value;
            }
        }

        throw new JsonException("An embedding has no values.");
    }
}

/// <summary>What vectors are for, by the names of several dialects. https://ai.google.dev/gemini-api/docs/embeddings#task-types</summary>
internal static class GeminiTasks
{
    private static readonly string[] Fields = ["task_type", "taskType", "input_type", "task"];

    public static string? Take(EmbeddingTurn turn)
    {
        turn.Fields.Take("input");
        turn.Fields.Take("dimensions");
        turn.Fields.Take("encoding_format");
        JsonText said = turn.Request.Purpose;
        foreach (string field in Fields)
        {
            ReadOnlyMemory<byte> value = turn.Fields.Take(field);
            if (said.IsEmpty && !value.IsEmpty && value.Span[0] == '"')
            {
                said = new JsonText(value);
            }
        }

        return said.ToString() switch
        {
            "" => null,
            "search_query" or "query" or "retrieval.query" => "RETRIEVAL_QUERY",
            "search_document" or "document" or "passage" or "retrieval.passage" => "RETRIEVAL_DOCUMENT",
            string word => word.ToUpperInvariant(),
        };
    }

    public static string? TakeTitle(EmbeddingTurn turn)
    {
        ReadOnlyMemory<byte> title = turn.Fields.Take("title");
        return !title.IsEmpty && title.Span[0] == '"' ? new JsonText(title).ToString() : null;
    }
}
