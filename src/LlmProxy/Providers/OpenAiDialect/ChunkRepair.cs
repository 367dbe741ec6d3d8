using System.Buffers;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>
/// Makes a stream's chunks what OpenAI's schema promises: a head on each, a role first, usage on a last chunk of its own
/// when it was asked for and nowhere else. What is right passes as it came.
/// </summary>
internal sealed class ChunkRepair
{
    private readonly bool _clientAskedForUsage;
    private readonly FrameEdits _edits = new();
    private readonly HeadRepair _head;
    private readonly ChoiceRepair _choices;
    private readonly JsonMembers _usageMembers = new();
    private byte[]? _held;
    private byte[]? _owedUsage;

    public ChunkRepair(AnswerIdentity identity, bool clientAskedForUsage)
    {
        _clientAskedForUsage = clientAskedForUsage;
        _head = new HeadRepair(identity, "chat.completion.chunk");
        _choices = new ChoiceRepair(identity, _edits, isChunk: true);
    }

    /// <summary>The server does something that has to be mended in every chunk: none may pass unread.</summary>
    public bool IsNeededAlways { get; private set; }

    public FrameEdits Edits => _edits;

    /// <summary>False: this chunk is held back or dropped. Else Edits say what changes in it.</summary>
    public bool Read(ReadOnlySpan<byte> data, JsonMembers members)
    {
        _edits.Clear();
        int choices = members.Find(data, "choices"u8);
        if (choices < 0 && members.Find(data, "usage"u8) < 0)
        {
            return true; // No chunk: an event of the vendor's own.
        }

        bool isEmpty = choices < 0 || members[choices].Kind != JsonTokenType.StartArray || IsEmptyArray(members[choices].Value(data));
        if (!ReadUsage(data, members, isEmpty))
        {
            return false;
        }

        if (isEmpty && !_head.IsKnown && _held is null && HeadRepair.IdIn(data, members).IsEmpty)
        {
            _held = data.ToArray(); // Azure's first chunk: its filters' verdict on the prompt, with every name empty.
            return false;
        }

        IsNeededAlways |= _head.Read(data, members, _edits) && !isEmpty;
        if (choices < 0)
        {
            _edits.Insert(members.BodyStart, members.Count > 0 ? "\"choices\":[],"u8.ToArray() : "\"choices\":[]"u8.ToArray());
        }
        else if (!isEmpty)
        {
            _choices.Read(data, members[choices].ValueStart, members[choices].ValueEnd);
            IsNeededAlways |= _choices.IsHabit;
        }

        return true;
    }

    /// <summary>Writes the chunk that was held back, now that its head is known; true when there was one.</summary>
    public bool Release(IBufferWriter<byte> client)
    {
        if (_held is not { } held)
        {
            return false;
        }

        _held = null;
        var edits = new FrameEdits();
        var members = new JsonMembers();
        members.Read(held);
        _head.Read(held, members, edits);
        var mended = new ArrayBufferWriter<byte>();
        edits.WriteTo(mended, held);
        SseWriter.WriteData(client, mended.WrittenSpan);
        return true;
    }

    /// <summary>Writes what is still owed when the stream ends: usage that the vendor put elsewhere. True when there was something.</summary>
    public bool Finish(IBufferWriter<byte> client)
    {
        bool released = Release(client);
        if (_owedUsage is not { } usage)
        {
            return released;
        }

        _owedUsage = null;
        SseWriter.WriteData(client, [(byte)'{', .. _head.Own(), .. ",\"choices\":[],\"usage\":"u8, .. usage, (byte)'}']);
        return true;
    }

    /// <summary>False when the chunk holds only usage that nobody asked for.</summary>
    private bool ReadUsage(ReadOnlySpan<byte> data, JsonMembers members, bool hasNoChoices)
    {
        int usage = members.Find(data, "usage"u8);
        if (usage < 0 || members[usage].Kind != JsonTokenType.StartObject)
        {
            return true;
        }

        if (hasNoChoices)
        {
            _owedUsage = null;
            UsageRepair.Read(data, members[usage], _usageMembers, _edits);
            return _clientAskedForUsage;
        }

        if (_clientAskedForUsage)
        {
            _owedUsage = UsageRepair.Mended(members[usage].Value(data), _usageMembers);
            _edits.Replace(members[usage].ValueStart, members[usage].ValueEnd, "null"u8.ToArray());
        }
        else
        {
            MemberEdits.Cut(_edits, 0, members, usage < 64 ? 1UL << usage : 0);
        }

        return true;
    }

    private static bool IsEmptyArray(ReadOnlySpan<byte> array) => JsonScan.SkipSpace(array, 1) == array.Length - 1;
}
