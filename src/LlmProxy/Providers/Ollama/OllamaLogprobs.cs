using System.Buffers;
using System.Text.Json;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Ollama;

/// <summary>Log probabilities as Ollama sends them: OpenAI's objects, without the members that say nothing.</summary>
internal static class OllamaLogprobs
{
    /// <summary>The elements of OpenAI's array, with the members its schema demands.</summary>
    public static ReadOnlySpan<byte> ForOpenAi(ReadOnlyMemory<byte> array)
    {
        var output = new ArrayBufferWriter<byte>(array.Length * 2);
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true }))
        {
            json.WriteStartArray();
            var tokens = new JsonWalk(array);
            while (tokens.Next())
            {
                WriteToken(json, tokens.Value, isTop: false);
            }

            json.WriteEndArray();
        }

        return output.WrittenSpan[1..^1];
    }

    private static void WriteToken(Utf8JsonWriter json, ReadOnlyMemory<byte> token, bool isTop)
    {
        ReadOnlyMemory<byte> bytes = default;
        ReadOnlyMemory<byte> alternatives = default;
        json.WriteStartObject();
        var members = new JsonWalk(token);
        while (members.Next())
        {
            if (members.Is("token"u8) || members.Is("logprob"u8))
            {
                json.WritePropertyName(members.Name());
                json.WriteRawValue(members.Value.Span, skipInputValidation: true);
            }
            else if (members.Is("bytes"u8))
            {
                bytes = members.Value;
            }
            else if (members.Is("top_logprobs"u8) && members.IsArray)
            {
                alternatives = members.Value;
            }
        }

        json.WritePropertyName("bytes"u8);
        json.WriteRawValue(bytes.IsEmpty ? "null"u8 : bytes.Span, skipInputValidation: true);
        if (!isTop)
        {
            json.WriteStartArray("top_logprobs"u8);
            if (!alternatives.IsEmpty)
            {
                var others = new JsonWalk(alternatives);
                while (others.Next())
                {
                    WriteToken(json, others.Value, isTop: true);
                }
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
