using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Ollama;

/// <summary>Embeds texts over /api/embed, which takes any number of them. https://docs.ollama.com/api/embed</summary>
internal sealed class OllamaEmbeddings : IEmbeddingVendor
{
    public int MaxInputs(EmbeddingTurn turn) => int.MaxValue;

    public string PathFor(EmbeddingTurn turn) => "api/embed";

    public void Write(EmbeddingTurn turn, int first, int count, IBufferWriter<byte> body)
    {
        using var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true });
        json.WriteStartObject();
        json.WritePropertyName("model"u8);
        json.WriteRawValue(turn.Target.ModelJson.Span, skipInputValidation: true);
        json.WriteStartArray("input"u8);
        for (int i = first; i < first + count; i++)
        {
            turn.TextOf(i).WriteTo(json);
        }

        json.WriteEndArray();
        turn.Fields.Take("dimensions");
        if (turn.Request.Dimensions is { } dimensions)
        {
            json.WriteNumber("dimensions"u8, dimensions);
        }

        foreach (string name in (string[])["truncate", "keep_alive", "options"])
        {
            ReadOnlyMemory<byte> value = turn.Fields.Take(name);
            if (value.IsEmpty)
            {
                value = Fallback(turn, name);
            }

            if (!value.IsEmpty)
            {
                json.WritePropertyName(name);
                json.WriteRawValue(value.Span, skipInputValidation: true);
            }
        }

        json.WriteEndObject();
    }

    public void Read(EmbeddingTurn turn, ReadOnlyMemory<byte> body, EmbeddingAnswer answer)
    {
        bool hasVectors = false;
        var members = new JsonWalk(body);
        while (members.Next())
        {
            if (members.Is("embeddings"u8) && members.IsArray)
            {
                hasVectors = true;
                var vectors = new JsonWalk(members.Value);
                while (vectors.Next())
                {
                    answer.Vectors.Add(vectors.IsArray ? vectors.Value : throw new JsonException("A vector is an array of numbers."));
                }
            }
            else if (members.Is("model"u8))
            {
                answer.ReportedModel = members.Text() ?? answer.ReportedModel;
            }
            else if (members.Is("prompt_eval_count"u8) && members.Number() is >= 0 and var count)
            {
                answer.Usage = new TokenUsage(count, 0, 0, 0, 0);
            }
        }

        if (!hasVectors)
        {
            throw new JsonException("The answer has no embeddings.");
        }
    }

    /// <summary>What the operator wants of this LLM.</summary>
    private static ReadOnlyMemory<byte> Fallback(EmbeddingTurn turn, string name)
    {
        foreach (ConfigDefault field in turn.Target.Deployment.Defaults)
        {
            if (field.Name == name)
            {
                return field.Json;
            }
        }

        return default;
    }
}
