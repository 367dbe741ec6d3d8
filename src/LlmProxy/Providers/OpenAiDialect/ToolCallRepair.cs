using System.Text;
using System.Text.Json;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>The same for the tool calls of one message or delta: in a chunk only the index is owed, in an answer id, type and function.</summary>
internal sealed class ToolCallRepair(AnswerIdentity identity, FrameEdits edits, bool isChunk)
{
    private readonly JsonMembers _call = new();
    private readonly JsonMembers _function = new();

    public bool IsHabit { get; private set; }

    /// <summary>True when there is a call at all.</summary>
    public bool Read(ReadOnlySpan<byte> text, int start, int end, int choice)
    {
        var reader = new Utf8JsonReader(text[start..end], JsonMembers.ReaderOptions);
        reader.Read();
        int number = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int at = start + (int)reader.TokenStartIndex;
            bool isObject = reader.TokenType == JsonTokenType.StartObject;
            reader.Skip();
            if (isObject)
            {
                ReadCall(text, at, start + (int)reader.BytesConsumed, choice, number++);
            }
        }

        return number > 0;
    }

    private void ReadCall(ReadOnlySpan<byte> text, int start, int end, int choice, int number)
    {
        ReadOnlySpan<byte> call = text[start..end];
        _call.Read(call);
        int id = _call.Find(call, "id"u8);
        bool hasId = id >= 0 && _call[id].Kind == JsonTokenType.String && _call[id].Value(call).Length > 2;
        int type = _call.Find(call, "type"u8);
        if (isChunk)
        {
            ReadIndex(call, start, number);
            Cut(start, _call, (id is >= 0 and < 64 && !hasId ? 1UL << id : 0) | MemberEdits.NullBit(call, _call, "type"u8));
        }
        else
        {
            if (!hasId)
            {
                Put(start, id, $"\"id\":{Encoding.UTF8.GetString(identity.ToolIdJson(choice, number))}");
            }

            if (type < 0 || _call[type].Kind != JsonTokenType.String)
            {
                Put(start, type, "\"type\":\"function\"");
            }
        }

        int function = _call.Find(call, "function"u8);
        if (function >= 0 && _call[function].Kind == JsonTokenType.StartObject)
        {
            ReadFunction(text, start + _call[function].ValueStart, start + _call[function].ValueEnd);
        }
    }

    private void ReadIndex(ReadOnlySpan<byte> call, int start, int number)
    {
        int index = _call.Find(call, "index"u8);
        if (index < 0 || _call[index].Kind != JsonTokenType.Number)
        {
            Put(start, index, $"\"index\":{number}");
        }
    }

    private void ReadFunction(ReadOnlySpan<byte> text, int start, int end)
    {
        ReadOnlySpan<byte> function = text[start..end];
        _function.Read(function);
        int arguments = _function.Find(function, "arguments"u8);
        Cut(start, _function, isChunk ? MemberEdits.NullBit(function, _function, "name"u8) : 0);
        if (arguments < 0 && !isChunk)
        {
            IsHabit = true;
            MemberEdits.Add(edits, start, _function, "\"arguments\":\"{}\"");
        }
        else if (arguments >= 0 && _function[arguments].Kind != JsonTokenType.String)
        {
            // An object where a string of JSON belongs.
            bool isNull = _function[arguments].Kind == JsonTokenType.Null;
            string value = isNull ? "" : Encoding.UTF8.GetString(_function[arguments].Value(function));
            IsHabit = true;
            edits.Replace(start + _function[arguments].ValueStart, start + _function[arguments].ValueEnd, JsonSerializer.SerializeToUtf8Bytes(value, RouteTarget.JsonOptions));
        }
    }

    /// <summary>In the place of the member that is there, else in front.</summary>
    private void Put(int start, int found, string member)
    {
        IsHabit = true;
        if (found < 0)
        {
            MemberEdits.Add(edits, start, _call, member);
        }
        else
        {
            edits.Replace(start + _call[found].NameStart, start + _call[found].ValueEnd, Encoding.UTF8.GetBytes(member));
        }
    }

    private void Cut(int start, JsonMembers members, ulong indexes)
    {
        if (indexes != 0)
        {
            IsHabit = true;
            MemberEdits.Cut(edits, start, members, indexes);
        }
    }
}
