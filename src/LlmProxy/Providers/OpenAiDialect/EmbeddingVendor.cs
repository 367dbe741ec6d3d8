using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Endpoints;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>POST embeddings for clients that asked in another dialect.</summary>
internal sealed class EmbeddingVendor(OpenAiDialectProvider provider) : IEmbeddingVendor
{
    private static readonly string[] Known = ["dimensions", "user", "input_type"];

    public int MaxInputs(EmbeddingTurn turn) => 2048;

    public string PathFor(EmbeddingTurn turn) => provider.PathFor(EndpointKind.Embeddings, turn.Target.Deployment.Options, turn.Target.Model);

    public void Write(EmbeddingTurn turn, int first, int count, IBufferWriter<byte> body)
    {
        RouteTarget target = turn.Target;
        var plain = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(plain, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteString("model"u8, provider.ModelInBody(target.Deployment.Options, target.Model));
            json.WriteStartArray("input"u8);
            for (int i = first; i < first + count; i++)
            {
                turn.TextOf(i).WriteTo(json);
            }

            json.WriteEndArray();
            foreach (string name in Known)
            {
                ReadOnlyMemory<byte> value = turn.Fields.Take(name);
                if (!value.IsEmpty)
                {
                    json.WritePropertyName(name);
                    json.WriteRawValue(value.Span, skipInputValidation: true);
                }
            }

            json.WriteEndObject();
        }

        Adjust(turn, plain.WrittenMemory, body);
    }

    public void Read(EmbeddingTurn turn, ReadOnlyMemory<byte> body, EmbeddingAnswer answer)
    {
        body = body.Span.StartsWith("\uFEFF"u8) ? body[3..] : body;
        var vectors = new SortedList<long, ReadOnlyMemory<byte>>();
        var members = new JsonWalk(body);
        while (members.Next())
        {
            if (members.Is("data"u8) && members.IsArray)
            {
                ReadData(members.Value, vectors);
            }
            else if (members.Is("usage"u8) && members.IsObject)
            {
                answer.Usage = UsageReader.Read(members.Value.Span);
            }
            else if (members.Is("model"u8) && members.IsString)
            {
                answer.ReportedModel = members.Text();
            }
        }

        answer.Vectors.AddRange(vectors.Values);
    }

    private static void ReadData(ReadOnlyMemory<byte> array, SortedList<long, ReadOnlyMemory<byte>> vectors)
    {
        var items = new JsonWalk(array);
        while (items.Next())
        {
            long index = items.Index;
            ReadOnlyMemory<byte> vector = default;
            var members = new JsonWalk(items.Value);
            while (members.Next())
            {
                if (members.Is("index"u8))
                {
                    index = members.Number() ?? index;
                }
                else if (members.Is("embedding"u8))
                {
                    vector = members.IsString ? Numbers(members.Value.Span) : members.IsArray ? members.Value : default;
                }
            }

            if (vector.IsEmpty || !vectors.TryAdd(index, vector))
            {
                throw new JsonException("An embedding is missing or given twice.");
            }
        }
    }

    private static ReadOnlyMemory<byte> Numbers(ReadOnlySpan<byte> base64)
    {
        var numbers = new ArrayBufferWriter<byte>();
        var reader = new Utf8JsonReader(base64);
        reader.Read();
        EmbeddingVector.WriteNumbers(ref reader, numbers);
        return numbers.WrittenMemory;
    }

    /// <summary>As this vendor wants it said, where it differs from OpenAI.</summary>
    private void Adjust(EmbeddingTurn turn, ReadOnlyMemory<byte> plain, IBufferWriter<byte> body)
    {
        var members = new JsonMembers();
        members.Read(plain.Span);
        var edits = new RequestEdits(EndpointKind.Embeddings, turn.Target.Model, plain, members);
        provider.Adjust(edits, turn.Target.Deployment.Options);
        foreach (string dropped in edits.Dropped)
        {
            turn.Fields.Drop(dropped);
        }

        var splices = new BodyEdits(plain, members);
        edits.ApplyTo(splices);
        foreach (ReadOnlyMemory<byte> segment in splices.Build().Segments)
        {
            body.Write(segment.Span);
        }
    }
}
