using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>
/// Tells which call a delta belongs to. Servers number calls by index, but some leave the index out, some give every call
/// the same, some repeat the id on each delta and some send it once.
/// </summary>
internal sealed class OpenAiChatTools
{
    private const int Most = 1024;

    private readonly List<Call> _calls = [];

    public int Count => _calls.Count;

    public void ReadCalls(ReadOnlySpan<byte> array, ChatSink sink)
    {
        var reader = new Utf8JsonReader(array, JsonMembers.ReaderOptions);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int start = (int)reader.TokenStartIndex;
            bool isObject = reader.TokenType == JsonTokenType.StartObject;
            reader.Skip();
            if (isObject)
            {
                Tell(Split(array[start..(int)reader.BytesConsumed]), sink);
            }
        }
    }

    /// <summary>The one call of the days before tools.</summary>
    public void ReadFunction(ReadOnlySpan<byte> value, ChatSink sink)
    {
        if (value is [(byte)'{', ..])
        {
            var delta = new Delta { Index = 0 };
            ReadNames(value, ref delta);
            Tell(delta, sink);
        }
    }

    private void Tell(in Delta delta, ChatSink sink)
    {
        int tool = Find(delta);
        if (tool < 0)
        {
            if (_calls.Count == Most)
            {
                throw new JsonException("More tool calls than any model makes.");
            }

            tool = _calls.Count;
            _calls.Add(new Call(delta.Index, delta.Id.ToArray()));
            sink.ToolStart(tool, delta.Id, delta.Name, delta.GoogleSignature);
        }

        if (delta.ArgumentsAreObject)
        {
            sink.ToolArguments(tool, JsonText.Of(System.Text.Encoding.UTF8.GetString(delta.Arguments)).Escaped);
        }
        else
        {
            sink.ToolArguments(tool, delta.Arguments);
        }
    }

    private int Find(in Delta delta)
    {
        for (int i = _calls.Count - 1; i >= 0; i--)
        {
            Call call = _calls[i];
            bool hasId = !delta.Id.IsEmpty && call.Id.Length > 0;
            if (hasId && delta.Id.SequenceEqual(call.Id))
            {
                return i;
            }

            bool mayBe = delta.Index >= 0 ? delta.Index == call.Index : delta.Name.IsEmpty;
            if (mayBe && !hasId)
            {
                return i;
            }
        }

        return -1;
    }

    private static Delta Split(ReadOnlySpan<byte> item)
    {
        var delta = new Delta { Index = -1 };
        var reader = new Utf8JsonReader(item, JsonMembers.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("index"u8))
            {
                reader.Read();
                delta.Index = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int index) ? index : -1;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                delta.Id = reader.TokenType == JsonTokenType.String ? reader.ValueSpan : default;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("function"u8) || reader.ValueTextEquals("custom"u8))
            {
                ReadOnlySpan<byte> function = OpenAiChatChoice.Slice(ref reader, item);
                if (function is [(byte)'{', ..])
                {
                    ReadNames(function, ref delta);
                }
            }
            else if (reader.ValueTextEquals("extra_content"u8))
            {
                delta.GoogleSignature = ReadSignature(OpenAiChatChoice.Slice(ref reader, item));
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        // Mistral's placeholder for no id at all.
        delta.Id = delta.Id.SequenceEqual("null"u8) ? default : delta.Id;
        return delta;
    }

    private static void ReadNames(ReadOnlySpan<byte> function, ref Delta delta)
    {
        var reader = new Utf8JsonReader(function, JsonMembers.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isName = reader.ValueTextEquals("name"u8);
            bool isArguments = reader.ValueTextEquals("arguments"u8) || reader.ValueTextEquals("input"u8);
            ReadOnlySpan<byte> value = OpenAiChatChoice.Slice(ref reader, function);
            if (isName && value[0] == '"')
            {
                delta.Name = value[1..^1];
            }
            else if (isArguments && value[0] == '"')
            {
                delta.Arguments = value[1..^1];
            }
            else if (isArguments && value[0] == '{')
            {
                delta.Arguments = value;
                delta.ArgumentsAreObject = true;
            }
        }
    }

    private static ReadOnlySpan<byte> ReadSignature(ReadOnlySpan<byte> extra)
    {
        int from = 0;
        int at = JsonScan.NextValue(extra, "\"thought_signature\""u8, ref from);
        if (at < 0 || extra[at] != '"')
        {
            return default;
        }

        var reader = new Utf8JsonReader(extra[at..], JsonMembers.ReaderOptions);
        return reader.Read() ? reader.ValueSpan : default;
    }

    private readonly record struct Call(int Index, byte[] Id);

    private ref struct Delta
    {
        public int Index;
        public ReadOnlySpan<byte> Id;
        public ReadOnlySpan<byte> Name;
        public ReadOnlySpan<byte> Arguments;
        public ReadOnlySpan<byte> GoogleSignature;
        public bool ArgumentsAreObject;
    }
}
