using System.Buffers.Binary;
using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>POST embeddings: vectors that texts with the same words share, and that every run makes anew just the same.</summary>
internal static class DummyEmbeddings
{
    private const int DefaultDimensions = 256;
    private const int MarksPerWord = 8;

    public static HttpResponseMessage Answer(DummyCall call)
    {
        List<DummyInput> inputs = DummyInput.Read(call.Root, "input");
        int dimensions = call.Root.Whole("dimensions", 1, 8192) ?? DefaultDimensions;
        string format = call.Root.Text("encoding_format") ?? "float";
        if (format is not ("float" or "base64"))
        {
            throw new DummyRefusal(400, $"Invalid value: '{format}'. Supported values are: 'float' and 'base64'.", "encoding_format", "invalid_value");
        }

        return DummyAnswers.Json(json =>
        {
            int tokens = 0;
            var vector = new float[dimensions];
            json.WriteStartObject();
            json.WriteString("object", "list");
            json.WriteStartArray("data");
            for (int i = 0; i < inputs.Count; i++)
            {
                tokens += inputs[i].Tokens;
                Embed(inputs[i].Text, vector);
                json.WriteStartObject();
                json.WriteString("object", "embedding");
                json.WriteNumber("index", i);
                WriteVector(json, vector, format == "base64");
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("model", call.Model);
            json.WriteStartObject("usage");
            json.WriteNumber("prompt_tokens", tokens);
            json.WriteNumber("total_tokens", tokens);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    /// <summary>Each word leaves the same few marks wherever it stands; a whisper of the whole text tells word orders apart.</summary>
    public static void Embed(string text, Span<float> vector)
    {
        vector.Clear();
        foreach (Range range in text.AsSpan().SplitAny(DummyWords.Separators))
        {
            ReadOnlySpan<char> word = text.AsSpan()[range];
            if (word.IsEmpty)
            {
                continue;
            }

            ulong hash = DummyWords.Hash(word);
            for (int i = 0; i < MarksPerWord; i++)
            {
                hash = DummyWords.Next(hash);
                vector[(int)(hash % (ulong)vector.Length)] += (hash >> 63) == 0 ? 1f : -1f;
            }
        }

        ulong whole = DummyWords.Hash(text);
        double length = 0;
        for (int i = 0; i < vector.Length; i++)
        {
            whole = DummyWords.Next(whole);
            vector[i] += ((whole >> 40) / (float)(1 << 24) - 0.5f) * 0.05f;
            length += (double)vector[i] * vector[i];
        }

        float scale = length > 0 ? (float)(1 / Math.Sqrt(length)) : 0;
        for (int i = 0; i < vector.Length; i++)
        {
            vector[i] *= scale;
        }
    }

    private static void WriteVector(Utf8JsonWriter json, ReadOnlySpan<float> vector, bool isBase64)
    {
        if (isBase64)
        {
            var bytes = new byte[vector.Length * sizeof(float)];
            for (int i = 0; i < vector.Length; i++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
            }

            json.WriteBase64String("embedding", bytes);
            return;
        }

        json.WriteStartArray("embedding");
        foreach (float value in vector)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }
}
