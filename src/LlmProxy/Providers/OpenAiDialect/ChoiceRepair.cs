using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>
/// Finds what the choices of an answer or a chunk lack of OpenAI's published schema, and says how to mend it in place.
/// Unknown fields and everything that is right stay as they came.
/// https://github.com/openai/openai-openapi (CreateChatCompletionResponse, CreateChatCompletionStreamResponse)
/// </summary>
internal sealed class ChoiceRepair(AnswerIdentity identity, FrameEdits edits, bool isChunk)
{
    private readonly JsonMembers _choice = new();
    private readonly JsonMembers _message = new();
    private readonly ToolCallRepair _tools = new(identity, edits, isChunk);
    private readonly HashSet<int> _hasRole = [];

    /// <summary>Something was wrong that this server will do again in every chunk.</summary>
    public bool IsHabit { get; private set; }

    /// <summary><paramref name="start"/> and <paramref name="end"/>: the array in the text.</summary>
    public void Read(ReadOnlySpan<byte> text, int start, int end)
    {
        var reader = new Utf8JsonReader(text[start..end], JsonMembers.ReaderOptions);
        reader.Read();
        for (int i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            int at = start + (int)reader.TokenStartIndex;
            bool isObject = reader.TokenType == JsonTokenType.StartObject;
            reader.Skip();
            if (isObject)
            {
                ReadChoice(text, at, start + (int)reader.BytesConsumed, i);
            }
        }

        IsHabit |= _tools.IsHabit;
    }

    private void ReadChoice(ReadOnlySpan<byte> text, int start, int end, int position)
    {
        ReadOnlySpan<byte> choice = text[start..end];
        _choice.Read(choice);
        int index = _choice.Find(choice, "index"u8);
        int number = index >= 0 && int.TryParse(_choice[index].Value(choice), CultureInfo.InvariantCulture, out int told) ? told : position;
        if (index < 0)
        {
            Add(start, _choice, $"\"index\":{number}");
        }

        ReadOnlySpan<byte> name = isChunk ? "delta"u8 : "message"u8;
        int message = _choice.Find(choice, name);
        if (message < 0)
        {
            Add(start, _choice, $"\"{Encoding.UTF8.GetString(name)}\":{{}}");
        }
        else if (_choice[message].Kind == JsonTokenType.Null && isChunk)
        {
            Put(start + _choice[message].ValueStart, start + _choice[message].ValueEnd, "{}");
        }

        bool calls = false;
        if (message >= 0 && _choice[message].Kind == JsonTokenType.StartObject)
        {
            calls = ReadMessage(text, start + _choice[message].ValueStart, start + _choice[message].ValueEnd, number);
        }

        ReadFinish(choice, start, calls);
        if (!isChunk && _choice.Find(choice, "logprobs"u8) < 0)
        {
            Add(start, _choice, "\"logprobs\":null");
        }
    }

    private void ReadFinish(ReadOnlySpan<byte> choice, int start, bool calls)
    {
        string none = isChunk ? "null" : calls ? "\"tool_calls\"" : "\"stop\"";
        int finish = _choice.Find(choice, "finish_reason"u8);
        if (finish < 0)
        {
            Add(start, _choice, $"\"finish_reason\":{none}");
            return;
        }

        ref readonly JsonMember member = ref _choice[finish];
        ReadOnlySpan<byte> value = member.Value(choice);
        if (value.SequenceEqual("null"u8) ? isChunk : FinishWords.IsKnown(value))
        {
            return;
        }

        bool isEmpty = value.SequenceEqual("null"u8) || value.SequenceEqual("\"\""u8);
        IsHabit |= isEmpty;
        edits.Replace(start + member.ValueStart, start + member.ValueEnd, isEmpty ? Encoding.ASCII.GetBytes(none) : FinishWords.Meant(value));
    }

    /// <summary>True when it calls tools.</summary>
    private bool ReadMessage(ReadOnlySpan<byte> text, int start, int end, int choice)
    {
        ReadOnlySpan<byte> message = text[start..end];
        _message.Read(message);
        ulong nulls = MemberEdits.NullBit(message, _message, "function_call"u8) | MemberEdits.NullBit(message, _message, "annotations"u8) | MemberEdits.NullBit(message, _message, "tool_calls"u8);
        IsHabit |= nulls != 0;
        bool isAllNull = nulls != 0 && System.Numerics.BitOperations.PopCount(nulls) == _message.Count;
        ReadRole(message, start, choice);
        int content = _message.Find(message, "content"u8);
        if (content >= 0 && _message[content].Kind == JsonTokenType.StartArray)
        {
            Flatten(message, start, _message[content]);
        }

        if (!isChunk)
        {
            AddMissing(start, content < 0 && !isAllNull, "\"content\":null");
            AddMissing(start, _message.Find(message, "refusal"u8) < 0, "\"refusal\":null");
        }

        if (isAllNull)
        {
            Put(start + _message[0].NameStart, start + _message[_message.Count - 1].ValueEnd, "\"content\":null");
            return false;
        }

        MemberEdits.Cut(edits, start, _message, nulls);
        int tools = _message.Find(message, "tool_calls"u8);
        return tools >= 0 && _message[tools].Kind == JsonTokenType.StartArray
            && _tools.Read(text, start + _message[tools].ValueStart, start + _message[tools].ValueEnd, choice);
    }

    private void ReadRole(ReadOnlySpan<byte> message, int start, int choice)
    {
        int role = _message.Find(message, "role"u8);
        bool isNew = _hasRole.Add(choice);
        if (role < 0 && (isNew || !isChunk))
        {
            Add(start, _message, "\"role\":\"assistant\"", isHabit: false);
        }
        else if (role >= 0 && (_message[role].Kind != JsonTokenType.String || _message[role].Value(message).Length == 2))
        {
            Put(start + _message[role].ValueStart, start + _message[role].ValueEnd, "\"assistant\"");
        }
    }

    /// <summary>Mistral's models that think answer in a list of parts, where OpenAI has one text and other servers reasoning_content.</summary>
    private void Flatten(ReadOnlySpan<byte> message, int start, in JsonMember content)
    {
        (byte[]? told, byte[]? thought) = ContentParts.Read(content.Value(message));
        bool mayThink = thought is not null && _message.Find(message, "reasoning_content"u8) < 0;
        IsHabit = true;
        edits.Replace(start + content.ValueStart, start + content.ValueEnd, told ?? "null"u8.ToArray());
        if (mayThink)
        {
            edits.Insert(start + content.ValueEnd, [.. ",\"reasoning_content\":"u8, .. thought!]);
        }
    }

    private void AddMissing(int start, bool isMissing, string member)
    {
        if (isMissing)
        {
            Add(start, _message, member);
        }
    }

    private void Add(int start, JsonMembers members, string member, bool isHabit = true)
    {
        IsHabit |= isHabit;
        MemberEdits.Add(edits, start, members, member);
    }

    private void Put(int start, int end, string value)
    {
        IsHabit = true;
        edits.Replace(start, end, Encoding.UTF8.GetBytes(value));
    }
}
