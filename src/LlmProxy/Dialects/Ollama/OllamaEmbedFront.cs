using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Ollama;

/// <summary>/api/embed, and with <paramref name="isOld"/> the older /api/embeddings, which takes one prompt and answers one vector. https://docs.ollama.com/api/embed</summary>
internal sealed class OllamaEmbedFront(bool isOld = false) : IEmbeddingFront
{
    /// <summary>As for clients of OpenAI: without a limit a small body could become a flood of calls.</summary>
    private const int MostInputs = 2048;

    public GatewayError? Read(ReadOnlyMemory<byte> body, RequestPeek peek, EmbeddingRequest request)
    {
        var fields = new JsonWalk(body);
        while (fields.Next())
        {
            string name = fields.Name();
            GatewayError? wrong = null;
            if (name == (isOld ? "prompt" : "input"))
            {
                wrong = ReadInput(name, ref fields, request);
            }
            else if (name is not ("model" or "llm"))
            {
                wrong = ReadField(name, ref fields, request);
            }

            if (wrong is not null)
            {
                return wrong;
            }
        }

        return null;
    }

    public void Write(EmbeddingTurn turn, EmbeddingAnswer answer, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true });
        json.WriteStartObject();
        if (isOld)
        {
            json.WritePropertyName("embedding"u8);
            json.WriteRawValue(answer.Vectors[0].Span, skipInputValidation: true);
            json.WriteEndObject();
            return;
        }

        json.WriteString("model"u8, turn.Exchange.RequestedModel ?? turn.Target.Model);
        json.WriteStartArray("embeddings"u8);
        foreach (ReadOnlyMemory<byte> vector in answer.Vectors)
        {
            json.WriteRawValue(vector.Span, skipInputValidation: true);
        }

        json.WriteEndArray();
        json.WriteNumber("total_duration"u8, Math.Max(1, turn.Exchange.Time.GetElapsedTime(turn.Exchange.StartedAt).Ticks * 100));
        json.WriteNumber("load_duration"u8, 0);
        if (answer.Usage is { } usage)
        {
            json.WriteNumber("prompt_eval_count"u8, usage.Input);
        }

        json.WriteEndObject();
    }

    private static GatewayError? ReadField(string name, ref JsonWalk field, EmbeddingRequest request)
    {
        request.Fields.Add(new RequestField(name, name, field.Value));
        if (name == "dimensions" && !field.IsNull && field.Number() != 0)
        {
            request.Dimensions = field.Number();
            return request.Dimensions > 0 ? null : GatewayError.Invalid(name, "The field \"dimensions\" must be a whole number above 0.");
        }

        return null;
    }

    private static GatewayError? ReadInput(string name, ref JsonWalk input, EmbeddingRequest request)
    {
        if (input.IsString)
        {
            request.Inputs.Add(new EmbeddingInput(new JsonText(input.Value), default));
            return null;
        }

        var items = new JsonWalk(input.Value);
        while (input.IsArray && items.Next())
        {
            if (!items.IsString)
            {
                return GatewayError.Invalid($"{name}[{items.Index}]", $"{name}[{items.Index}] must be a string.");
            }

            if (items.Index == MostInputs)
            {
                return GatewayError.Invalid(name, $"The field \"{name}\" holds more than {MostInputs} texts. Send them in several calls.");
            }

            request.Inputs.Add(new EmbeddingInput(new JsonText(items.Value), default));
        }

        return request.Inputs.Count > 0 ? null : GatewayError.Invalid(name, $"The field \"{name}\" must be a string or an array of strings.");
    }
}
