using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>What the choices of one chunk bring.</summary>
internal readonly record struct ChunkChoices(int Count, bool HasOutput, bool HasFinish)
{
    /// <summary>Reads a <c>choices</c> array of chat chunks (delta) or legacy completion chunks (text).</summary>
    public static ChunkChoices Read(ReadOnlySpan<byte> choices)
    {
        var reader = new Utf8JsonReader(choices, JsonMembers.ReaderOptions);
        reader.Read();
        int count = 0;
        bool output = false;
        bool finish = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            count++;
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadChoice(ref reader, ref output, ref finish);
            }
            else
            {
                reader.Skip();
            }
        }

        return new ChunkChoices(count, output || finish, finish);
    }

    private static void ReadChoice(ref Utf8JsonReader reader, ref bool output, ref bool finish)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("finish_reason"u8))
            {
                reader.Read();
                finish |= HasContent(ref reader);
            }
            else if (reader.ValueTextEquals("text"u8))
            {
                reader.Read();
                output |= HasContent(ref reader);
            }
            else if (reader.ValueTextEquals("delta"u8) || reader.ValueTextEquals("message"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    ReadDelta(ref reader, ref output);
                }
                else
                {
                    reader.Skip();
                }
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private static void ReadDelta(ref Utf8JsonReader reader, ref bool output)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool counts = IsOutput(ref reader);
            reader.Read();
            if (counts)
            {
                output |= HasContent(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    /// <summary>Role, name and vendors' bookkeeping are not output. Reasoning has a name for nearly every vendor.</summary>
    private static bool IsOutput(ref Utf8JsonReader name) =>
        name.ValueTextEquals("content"u8) || name.ValueTextEquals("tool_calls"u8)
        || name.ValueTextEquals("reasoning_content"u8) // DeepSeek, vLLM, llama.cpp, LiteLLM
        || name.ValueTextEquals("reasoning"u8) // Groq, OpenRouter, Together, vLLM, Ollama
        || name.ValueTextEquals("reasoning_text"u8) || name.ValueTextEquals("thinking"u8)
        || name.ValueTextEquals("reasoning_details"u8) || name.ValueTextEquals("images"u8) // OpenRouter
        || name.ValueTextEquals("refusal"u8) || name.ValueTextEquals("audio"u8) || name.ValueTextEquals("function_call"u8);

    /// <summary>Anything but null, "" and empty brackets. Leaves the reader on the value's end.</summary>
    private static bool HasContent(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return !reader.ValueSpan.IsEmpty;
            case JsonTokenType.StartArray or JsonTokenType.StartObject:
                int depth = reader.CurrentDepth;
                reader.Read();
                bool isEmpty = reader.CurrentDepth == depth;
                while (reader.CurrentDepth > depth && reader.Read())
                {
                }

                return !isEmpty;
            default:
                return reader.TokenType != JsonTokenType.Null;
        }
    }
}
