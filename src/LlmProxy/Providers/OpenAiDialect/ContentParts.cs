using System.Text.Json;
using LlmProxy.Dialects;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>
/// A message's content as a list of parts: {"type":"text","text"}, {"type":"thinking","thinking":[{"type":"text","text"}]}.
/// https://docs.mistral.ai/capabilities/reasoning/
/// </summary>
internal static class ContentParts
{
    /// <summary>What is said and what is thought, each as one JSON string; null where there is none.</summary>
    public static (byte[]? Told, byte[]? Thought) Read(ReadOnlySpan<byte> array)
    {
        var told = new EscapedText();
        var thought = new EscapedText();
        bool isTold = false;
        bool isThought = false;
        var reader = new Utf8JsonReader(array, JsonMembers.ReaderOptions);
        reader.Read();
        int depth = 0;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName when reader.ValueTextEquals("thinking"u8):
                    depth = reader.CurrentDepth;
                    break;
                case JsonTokenType.PropertyName when reader.ValueTextEquals("text"u8):
                    bool isInside = depth > 0 && reader.CurrentDepth > depth;
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.String)
                    {
                        (isInside ? thought : told).Add(reader.ValueSpan);
                        isThought |= isInside;
                        isTold |= !isInside;
                    }

                    break;
                case JsonTokenType.EndObject when reader.CurrentDepth <= 1:
                    depth = 0;
                    break;
                default:
                    break;
            }
        }

        return (isTold ? Quoted(told) : null, isThought ? Quoted(thought) : null);
    }

    private static byte[] Quoted(EscapedText text)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            text.WriteTo(json);
        }

        return bytes.ToArray();
    }
}
