namespace LlmProxy.Wire;

/// <summary>Changes to a JSON object's text, made by splicing: every byte that no change names stays as it came.</summary>
internal sealed class BodyEdits(ReadOnlyMemory<byte> body, JsonMembers members)
{
    private readonly List<Splice> _splices = [];
    private readonly List<ReadOnlyMemory<byte>> _added = [];
    private bool[]? _removed;

    public bool IsEmpty => _splices.Count == 0 && _added.Count == 0 && _removed is null;

    public void ReplaceValue(int member, ReadOnlyMemory<byte> json) =>
        ReplaceRange(members[member].ValueStart, members[member].ValueEnd - members[member].ValueStart, json);

    /// <summary>The name as JSON text, quotes included.</summary>
    public void ReplaceName(int member, ReadOnlyMemory<byte> quoted) =>
        ReplaceRange(members[member].NameStart, members[member].NameEnd - members[member].NameStart, quoted);

    public void ReplaceRange(int start, int length, ReadOnlyMemory<byte> bytes) => _splices.Add(new Splice(start, length, bytes));

    public void Remove(int member) => (_removed ??= new bool[members.Count])[member] = true;

    /// <summary>A new member, put in front of the others.</summary>
    public void Add(ReadOnlySpan<byte> name, ReadOnlyMemory<byte> json)
    {
        byte[] text = new byte[name.Length + 3 + json.Length];
        text[0] = (byte)'"';
        name.CopyTo(text.AsSpan(1));
        "\":"u8.CopyTo(text.AsSpan(1 + name.Length));
        json.CopyTo(text.AsMemory(name.Length + 3));
        _added.Add(text);
    }

    /// <summary>The changed text in pieces; untouched stretches are slices of the original.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ToSegments()
    {
        if (IsEmpty)
        {
            return [body];
        }

        bool keepsAny = AddRemovals();
        AddAdditions(keepsAny);
        _splices.Sort(static (a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.Length.CompareTo(b.Length));
        var segments = new List<ReadOnlyMemory<byte>>((_splices.Count * 2) + 1);
        int at = 0;
        foreach (Splice splice in _splices)
        {
            // A change inside a removed member has nothing left to change.
            if (splice.Start < at)
            {
                continue;
            }

            AddSegment(segments, body[at..splice.Start]);
            AddSegment(segments, splice.Bytes);
            at = splice.Start + splice.Length;
        }

        AddSegment(segments, body[at..]);
        return segments;
    }

    /// <summary>Each run of removed members takes exactly one comma with it; true when a member is left.</summary>
    private bool AddRemovals()
    {
        if (_removed is null)
        {
            return members.Count > 0;
        }

        int lastKept = -1;
        int i = 0;
        while (i < members.Count)
        {
            if (!_removed[i])
            {
                lastKept = i++;
                continue;
            }

            int first = i;
            while (i < members.Count && _removed[i])
            {
                i++;
            }

            int start = members[first].NameStart;
            int end = members[i - 1].ValueEnd;
            if (i < members.Count)
            {
                end = members[i].NameStart;
            }
            else if (lastKept >= 0)
            {
                start = members[lastKept].ValueEnd;
            }

            _splices.RemoveAll(s => s.Start >= start && s.Start + s.Length <= end && s.Length < end - start);
            _splices.Add(new Splice(start, end - start, default));
        }

        return lastKept >= 0;
    }

    private void AddAdditions(bool keepsAny)
    {
        if (_added.Count == 0)
        {
            return;
        }

        int length = _added.Sum(a => a.Length + 1) - (keepsAny ? 0 : 1);
        byte[] text = new byte[length];
        int at = 0;
        foreach (ReadOnlyMemory<byte> member in _added)
        {
            member.CopyTo(text.AsMemory(at));
            at += member.Length;
            if (at < length)
            {
                text[at++] = (byte)',';
            }
        }

        _splices.Insert(0, new Splice(members.BodyStart, 0, text));
    }

    private static void AddSegment(List<ReadOnlyMemory<byte>> segments, ReadOnlyMemory<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            segments.Add(bytes);
        }
    }

    private readonly record struct Splice(int Start, int Length, ReadOnlyMemory<byte> Bytes);
}
