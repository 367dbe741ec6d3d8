using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>A delta of a stream, or the message of a whole completion: both have the same members.</summary>
internal static class OpenAiChatDelta
{
    public static void Read(ReadOnlySpan<byte> delta, OpenAiChatTools tools, ChatSink sink)
    {
        var reader = new Utf8JsonReader(delta, JsonMembers.ReaderOptions);
        reader.Read();
        bool hasReasoned = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("content"u8))
            {
                ReadContent(ref reader, sink);
            }
            else if (IsReasoning(ref reader))
            {
                // OpenRouter and some vLLM versions say the same under two names.
                reader.Read();
                if (reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty && !hasReasoned)
                {
                    hasReasoned = true;
                    sink.Reasoning(reader.ValueSpan);
                }

                reader.Skip();
            }
            else if (reader.ValueTextEquals("tool_calls"u8))
            {
                tools.ReadCalls(OpenAiChatChoice.Slice(ref reader, delta), sink);
            }
            else if (reader.ValueTextEquals("function_call"u8))
            {
                tools.ReadFunction(OpenAiChatChoice.Slice(ref reader, delta), sink);
            }
            else if (reader.ValueTextEquals("refusal"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                {
                    sink.Refusal(reader.ValueSpan);
                }

                reader.Skip();
            }
            else if (reader.ValueTextEquals("thinking_blocks"u8))
            {
                ReadThinkingBlocks(OpenAiChatChoice.Slice(ref reader, delta), sink);
            }
            else if (reader.ValueTextEquals("annotations"u8))
            {
                ReadExtras("annotations", OpenAiChatChoice.Slice(ref reader, delta), sink);
            }
            else if (reader.ValueTextEquals("images"u8))
            {
                ReadExtras("images", OpenAiChatChoice.Slice(ref reader, delta), sink);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private static bool IsReasoning(ref Utf8JsonReader name) =>
        name.ValueTextEquals("reasoning_content"u8) || name.ValueTextEquals("reasoning"u8)
        || name.ValueTextEquals("reasoning_text"u8) || name.ValueTextEquals("thinking"u8);

    private static void ReadContent(ref Utf8JsonReader reader, ChatSink sink)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            sink.Text(reader.ValueSpan);
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                ReadPart(ref reader, sink, isThinking: false);
            }
        }
        else
        {
            reader.Skip();
        }
    }

    /// <summary>Mistral's parts: text, and thinking that holds texts in turn. https://docs.mistral.ai/capabilities/reasoning</summary>
    private static void ReadPart(ref Utf8JsonReader reader, ChatSink sink, bool isThinking)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isText = reader.ValueTextEquals("text"u8);
            bool isThought = reader.ValueTextEquals("thinking"u8);
            reader.Read();
            if (isText && reader.TokenType == JsonTokenType.String)
            {
                Tell(reader.ValueSpan, sink, isThinking);
            }
            else if (isThought && reader.TokenType == JsonTokenType.String)
            {
                sink.Reasoning(reader.ValueSpan);
            }
            else if (isThought && reader.TokenType == JsonTokenType.StartArray && !isThinking)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    ReadPart(ref reader, sink, isThinking: true);
                }
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static void Tell(ReadOnlySpan<byte> escaped, ChatSink sink, bool isThinking)
    {
        if (isThinking)
        {
            sink.Reasoning(escaped);
        }
        else
        {
            sink.Text(escaped);
        }
    }

    /// <summary>Their text has come as reasoning_content already; only what seals it is new.</summary>
    private static void ReadThinkingBlocks(ReadOnlySpan<byte> array, ChatSink sink)
    {
        var reader = new Utf8JsonReader(array, JsonMembers.ReaderOptions);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 2)
            {
                continue;
            }

            bool isSealed = reader.ValueTextEquals("data"u8);
            if (isSealed || reader.ValueTextEquals("signature"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty)
                {
                    sink.Signature(reader.ValueSpan, isSealed);
                }
            }
        }
    }

    private static void ReadExtras(string name, ReadOnlySpan<byte> array, ChatSink sink)
    {
        var reader = new Utf8JsonReader(array, JsonMembers.ReaderOptions);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            sink.Extra(name, array[start..(int)reader.BytesConsumed]);
        }
    }
}
