using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Providers.Gemini;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Vertex;

/// <summary>
/// Embeddings in the cloud: :predict, and :embedContent from gemini-embedding-2 on.
/// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
/// </summary>
internal sealed class VertexEmbeddings : IEmbeddingVendor
{
    private const int MostInputs = 250;

    public int MaxInputs(EmbeddingTurn turn) => turn.Target.Model.Contains("gemini", StringComparison.OrdinalIgnoreCase) ? 1 : MostInputs;

    public string PathFor(EmbeddingTurn turn) =>
        VertexAddress.For(turn.Target.Deployment.Options, turn.Target.Model, EmbedsContent(turn) ? "embedContent" : "predict");

    public void Write(EmbeddingTurn turn, int first, int count, IBufferWriter<byte> body)
    {
        string? task = GeminiTasks.Take(turn);
        string? title = GeminiTasks.TakeTitle(turn);
        using var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder });
        json.WriteStartObject();
        if (EmbedsContent(turn))
        {
            WriteContent(json, turn, first, task, title);
        }
        else
        {
            WriteInstances(json, turn, first, count, task, title);
        }

        json.WriteEndObject();
    }

    public void Read(EmbeddingTurn turn, ReadOnlyMemory<byte> body, EmbeddingAnswer answer)
    {
        int before = answer.Vectors.Count;
        var members = new JsonWalk(body);
        while (members.Next())
        {
            if (members.Is("predictions"u8))
            {
                var predictions = new JsonWalk(members.Value);
                while (predictions.Next())
                {
                    ReadPrediction(predictions.Value, answer);
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

    private static bool EmbedsContent(EmbeddingTurn turn) =>
        turn.Target.Model.Contains("gemini", StringComparison.OrdinalIgnoreCase)
        && !turn.Target.Model.EndsWith("gemini-embedding-001", StringComparison.OrdinalIgnoreCase);

    private static void WriteInstances(Utf8JsonWriter json, EmbeddingTurn turn, int first, int count, string? task, string? title)
    {
        json.WriteStartArray("instances"u8);
        for (int i = first; i < first + count; i++)
        {
            json.WriteStartObject();
            json.WritePropertyName("content"u8);
            turn.TextOf(i).WriteTo(json);
            WriteText(json, "task_type", task);
            WriteText(json, "title", title);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (turn.Request.Dimensions is { } dimensions)
        {
            json.WriteStartObject("parameters"u8);
            json.WriteNumber("outputDimensionality"u8, dimensions);
            json.WriteEndObject();
        }
    }

    private static void WriteContent(Utf8JsonWriter json, EmbeddingTurn turn, int input, string? task, string? title)
    {
        json.WriteStartObject("content"u8);
        json.WriteStartArray("parts"u8);
        json.WriteStartObject();
        json.WritePropertyName("text"u8);
        turn.TextOf(input).WriteTo(json);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject("embedContentConfig"u8);
        WriteText(json, "taskType", task);
        WriteText(json, "title", title);
        if (turn.Request.Dimensions is { } dimensions)
        {
            json.WriteNumber("outputDimensionality"u8, dimensions);
        }

        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }

    private static void ReadPrediction(ReadOnlyMemory<byte> prediction, EmbeddingAnswer answer)
    {
        var members = new JsonWalk(prediction);
        while (members.Next())
        {
            if (!members.Is("embeddings"u8))
            {
                continue;
            }

            answer.Vectors.Add(GeminiVectors.ValuesIn(members.Value));
            var embedding = new JsonWalk(members.Value);
            while (embedding.Next())
            {
                if (!embedding.Is("statistics"u8))
                {
                    continue;
                }

                var statistics = new JsonWalk(embedding.Value);
                while (statistics.Next())
                {
                    if (statistics.Is("token_count"u8) && statistics.Number() is { } tokens)
                    {
                        answer.Usage = new TokenUsage(Math.Max(0, tokens), 0, 0, 0, 0).Plus(answer.Usage ?? default);
                    }
                }
            }
        }
    }
}
