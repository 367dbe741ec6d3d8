using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>One choice of an answer: what its deltas, or its whole message, bring.</summary>
internal sealed class OpenAiChatChoice
{
    private readonly OpenAiChatTools _tools = new();

    public bool IsFinished { get; private set; }

    /// <summary>A choice's members as slices: some servers write the index last.</summary>
    public ref struct Parts
    {
        public int Index;
        public bool IsError;
        public ReadOnlySpan<byte> Delta;
        public ReadOnlySpan<byte> Logprobs;
        public ReadOnlySpan<byte> Finish;
        public ReadOnlySpan<byte> StopReason;
    }

    public static Parts Split(ReadOnlySpan<byte> choice)
    {
        var parts = default(Parts);
        var reader = new Utf8JsonReader(choice, JsonMembers.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("delta"u8) || reader.ValueTextEquals("message"u8))
            {
                parts.Delta = Slice(ref reader, choice);
            }
            else if (reader.ValueTextEquals("finish_reason"u8))
            {
                parts.Finish = Slice(ref reader, choice);
            }
            else if (reader.ValueTextEquals("index"u8))
            {
                reader.Read();
                parts.Index = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int index) ? index : 0;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("logprobs"u8))
            {
                parts.Logprobs = Slice(ref reader, choice);
            }
            else if (reader.ValueTextEquals("stop_reason"u8))
            {
                parts.StopReason = Slice(ref reader, choice);
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                parts.IsError = reader.TokenType == JsonTokenType.StartObject;
                reader.Skip();
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return parts;
    }

    public void Read(in Parts parts, ChatSink sink)
    {
        if (parts.Logprobs is [(byte)'{', ..])
        {
            ReadLogprobs(parts.Logprobs, sink);
        }

        if (parts.Delta is [(byte)'{', ..])
        {
            OpenAiChatDelta.Read(parts.Delta, _tools, sink);
        }

        if (!IsFinished && parts.Finish is [(byte)'"', _, _, ..])
        {
            IsFinished = true;
            sink.Finish(ReasonOf(parts.Finish[1..^1]), parts.StopReason is [(byte)'"', ..] ? parts.StopReason[1..^1] : default);
        }
    }

    public void Finish(ChatSink sink)
    {
        if (!IsFinished)
        {
            IsFinished = true;
            sink.Finish(ReasonOf("stop"u8));
        }
    }

    /// <summary>The value behind the name that the reader stands on, as JSON text.</summary>
    public static ReadOnlySpan<byte> Slice(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        reader.Read();
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed];
    }

    private FinishReason ReasonOf(ReadOnlySpan<byte> reason)
    {
        if (reason.SequenceEqual("length"u8) || reason.SequenceEqual("max_tokens"u8) || reason.SequenceEqual("model_length"u8))
        {
            return FinishReason.Length;
        }

        if (reason.SequenceEqual("content_filter"u8) || reason.SequenceEqual("safety"u8))
        {
            return FinishReason.ContentFilter;
        }

        return _tools.Count > 0 ? FinishReason.ToolCalls : FinishReason.Stop;
    }

    private static void ReadLogprobs(ReadOnlySpan<byte> value, ChatSink sink)
    {
        var reader = new Utf8JsonReader(value, JsonMembers.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isContent = reader.ValueTextEquals("content"u8);
            ReadOnlySpan<byte> array = Slice(ref reader, value);
            if (isContent && array is [(byte)'[', ..])
            {
                ReadOnlySpan<byte> elements = array[1..^1].Trim(" \t\r\n"u8);
                if (!elements.IsEmpty)
                {
                    sink.Logprobs(elements);
                }
            }
        }
    }
}
