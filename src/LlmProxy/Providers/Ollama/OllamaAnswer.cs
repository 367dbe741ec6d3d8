using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Dialects.Ollama;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Ollama;

/// <summary>Reads the lines of /api/chat; a whole answer is one line that says all and is done.</summary>
internal sealed class OllamaAnswer(VendorLabel vendor) : IChatStream
{
    private bool _hasBegun;
    private int _tools;

    public void Read(in StreamFrame frame, ChatSink sink) => ReadLine(frame.Data, sink);

    /// <summary>What has not said "done" has been cut.</summary>
    public void Ended(ChatSink sink)
    {
    }

    public void ReadLine(ReadOnlySpan<byte> data, ChatSink sink)
    {
        var line = default(Line);
        Parse(data, ref line);
        if (line.IsError)
        {
            sink.Fail(OllamaFailure.Inside(data, vendor));
            return;
        }

        if (!_hasBegun)
        {
            _hasBegun = true;
            sink.Begin(null, line.Model.IsEmpty ? null : Encoding.UTF8.GetString(line.Model));
        }

        if (!line.Logprobs.IsEmpty)
        {
            sink.Logprobs(OllamaLogprobs.ForOpenAi(line.Logprobs.ToArray()));
        }

        sink.Reasoning(line.Thinking);
        sink.Text(line.Content);
        if (!line.ToolCalls.IsEmpty)
        {
            ReadCalls(line.ToolCalls, sink);
        }

        if (line.IsDone)
        {
            if (line.HasCounts)
            {
                sink.SetUsage(new TokenUsage(line.Input, 0, 0, line.Output, 0));
            }

            sink.Finish(ReasonOf(line.DoneReason));
            sink.End();
        }
    }

    private static void Parse(ReadOnlySpan<byte> data, ref Line line)
    {
        var reader = new Utf8JsonReader(data, JsonMembers.ReaderOptions);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("A line of Ollama's is a JSON object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("message"u8))
            {
                reader.Read();
                ReadMessage(ref reader, data, ref line);
            }
            else if (reader.ValueTextEquals("done"u8))
            {
                reader.Read();
                line.IsDone = reader.TokenType == JsonTokenType.True;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("model"u8))
            {
                line.Model = Text(ref reader);
            }
            else if (reader.ValueTextEquals("done_reason"u8))
            {
                line.DoneReason = Text(ref reader);
            }
            else if (reader.ValueTextEquals("prompt_eval_count"u8))
            {
                line.Input = Count(ref reader, ref line.HasCounts);
            }
            else if (reader.ValueTextEquals("eval_count"u8))
            {
                line.Output = Count(ref reader, ref line.HasCounts);
            }
            else if (reader.ValueTextEquals("logprobs"u8))
            {
                line.Logprobs = Array(ref reader, data);
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                line.IsError |= reader.TokenType is JsonTokenType.StartObject || (reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty);
                reader.Skip();
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        reader.Read(); // Throws when something follows the object.
    }

    /// <summary>Thinking is told before content, wherever it stands.</summary>
    private static void ReadMessage(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> data, ref Line line)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("content"u8))
            {
                line.Content = Text(ref reader);
            }
            else if (reader.ValueTextEquals("thinking"u8))
            {
                line.Thinking = Text(ref reader);
            }
            else if (reader.ValueTextEquals("tool_calls"u8))
            {
                line.ToolCalls = Array(ref reader, data);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private void ReadCalls(ReadOnlySpan<byte> array, ChatSink sink)
    {
        var reader = new Utf8JsonReader(array, JsonMembers.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            ReadOnlySpan<byte> id = default;
            ReadOnlySpan<byte> name = default;
            ReadOnlySpan<byte> arguments = default;
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isFunction = reader.ValueTextEquals("function"u8);
                if (reader.ValueTextEquals("id"u8))
                {
                    id = Text(ref reader);
                    continue;
                }

                reader.Read();
                if (isFunction && reader.TokenType == JsonTokenType.StartObject)
                {
                    ReadFunction(ref reader, array, ref name, ref arguments);
                }
                else
                {
                    reader.Skip();
                }
            }

            TellCall(sink, id, name, arguments);
        }
    }

    private static void ReadFunction(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref ReadOnlySpan<byte> name, ref ReadOnlySpan<byte> arguments)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8))
            {
                name = Text(ref reader);
                continue;
            }

            bool isArguments = reader.ValueTextEquals("arguments"u8);
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (isArguments)
            {
                arguments = json[start..(int)reader.BytesConsumed];
            }
        }
    }

    private void TellCall(ChatSink sink, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> arguments)
    {
        int tool = _tools++;
        sink.ToolStart(tool, id, name);
        if (arguments.IsEmpty || arguments.SequenceEqual("null"u8))
        {
            sink.ToolArguments(tool, "{}"u8);
        }
        else if (arguments[0] == '"')
        {
            sink.ToolArguments(tool, arguments[1..^1]);
        }
        else
        {
            var escaped = new ArrayBufferWriter<byte>(arguments.Length + 32);
            ToolArguments.Escape(arguments, escaped);
            sink.ToolArguments(tool, escaped.WrittenSpan);
        }
    }

    private FinishReason ReasonOf(ReadOnlySpan<byte> reason) =>
        reason.SequenceEqual("length"u8) ? FinishReason.Length
        : reason.SequenceEqual("content_filter"u8) ? FinishReason.ContentFilter // Another gateway's word.
        : _tools > 0 ? FinishReason.ToolCalls
        : FinishReason.Stop; // "stop"; "load" and "unload" answer a request without a prompt.

    /// <summary>The inside of the string that follows; empty for anything else.</summary>
    private static ReadOnlySpan<byte> Text(scoped ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.ValueSpan;
        }

        reader.Skip();
        return default;
    }

    private static long Count(scoped ref Utf8JsonReader reader, ref bool isThere)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long count) && count >= 0)
        {
            isThere = true;
            return count;
        }

        reader.Skip();
        return 0;
    }

    private static ReadOnlySpan<byte> Array(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        reader.Read();
        bool isArray = reader.TokenType == JsonTokenType.StartArray;
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return isArray ? data[start..(int)reader.BytesConsumed] : default;
    }

    /// <summary>What one line says; nothing is told before all of it has been read.</summary>
    private ref struct Line
    {
        public ReadOnlySpan<byte> Model;
        public ReadOnlySpan<byte> Content;
        public ReadOnlySpan<byte> Thinking;
        public ReadOnlySpan<byte> ToolCalls;
        public ReadOnlySpan<byte> Logprobs;
        public ReadOnlySpan<byte> DoneReason;
        public long Input;
        public long Output;
        public bool HasCounts;
        public bool IsDone;
        public bool IsError;
    }
}
