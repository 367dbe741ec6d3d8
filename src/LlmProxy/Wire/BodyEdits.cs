namespace LlmProxy.Wire;

/// <summary>
/// Changes to the text of a JSON object, collected first and spliced in at the end: every byte that no edit names stays
/// where it is, and the body itself is never copied.
/// </summary>
internal sealed class BodyEdits(ReadOnlyMemory<byte> body, JsonMembers members)
{
    private readonly List<Splice> _splices = new(1);
    private List<int>? _removed;
    private List<(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value)>? _added;

    public bool IsEmpty => _splices.Count == 0 && _removed is null && _added is null;

    /// <summary>A later call for the same member wins.</summary>
    public void ReplaceValue(int member, ReadOnlyMemory<byte> rawJson) =>
        Put(members[member].ValueStart, members[member].ValueEnd, rawJson);

    /// <summary>The name comes without quotes, as it stands between them in JSON.</summary>
    public void ReplaceName(int member, ReadOnlyMemory<byte> rawName) =>
        Put(members[member].NameStart + 1, members[member].NameEnd - 1, rawName);

    /// <summary>Renames every member of that name, however it is escaped; says how many there were.</summary>
    public int RenameAll(ReadOnlySpan<byte> name, ReadOnlyMemory<byte> rawName) => ForAll(name, rawName, static (edits, i, raw) => edits.ReplaceName(i, raw));

    public int ReplaceAll(ReadOnlySpan<byte> name, ReadOnlyMemory<byte> rawJson) => ForAll(name, rawJson, static (edits, i, raw) => edits.ReplaceValue(i, raw));

    public int RemoveAll(ReadOnlySpan<byte> name) => ForAll(name, default, static (edits, i, _) => edits.Remove(i));

    /// <summary>Takes the member out with the comma that belongs to it. Wins over every other edit of that member.</summary>
    public void Remove(int member)
    {
        _removed ??= [];
        int at = _removed.BinarySearch(member);
        if (at < 0)
        {
            _removed.Insert(~at, member);
        }
    }

    /// <summary>Puts a new member first in the object, behind those added before it. The name comes without quotes.</summary>
    public void Add(ReadOnlyMemory<byte> rawName, ReadOnlyMemory<byte> rawJson) => (_added ??= []).Add((rawName, rawJson));

    /// <summary>For spots inside a member's value. Must not cross the edge of another edit; one that lies inside another is dropped with it.</summary>
    public void ReplaceRange(int start, int length, ReadOnlyMemory<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)start + length, body.Length);
        Put(start, start + length, bytes);
    }

    public SplicedBody Build()
    {
        if (IsEmpty)
        {
            return new SplicedBody([body], body.Length);
        }

        List<Splice> splices = InOrder();
        var segments = new ReadOnlyMemory<byte>[(splices.Count * 2) + 1];
        int count = 0;
        long length = 0;
        int at = 0;
        foreach (Splice splice in splices)
        {
            if (splice.End <= at && splice.Start < at)
            {
                continue; // Inside an edit that is already done.
            }

            if (splice.Start < at)
            {
                throw new InvalidOperationException("Two edits of a body overlap.");
            }

            Take(body[at..splice.Start]);
            Take(splice.Bytes);
            at = splice.End;
        }

        Take(body[at..]);
        return new SplicedBody(count == segments.Length ? segments : segments[..count], length);

        void Take(ReadOnlyMemory<byte> segment)
        {
            if (!segment.IsEmpty)
            {
                segments[count++] = segment;
                length += segment.Length;
            }
        }
    }

    private int ForAll(ReadOnlySpan<byte> name, ReadOnlyMemory<byte> bytes, Action<BodyEdits, int, ReadOnlyMemory<byte>> edit)
    {
        int count = 0;
        for (int i = members.Find(body.Span, name); i >= 0; i = members.Find(body.Span, name, i + 1))
        {
            edit(this, i, bytes);
            count++;
        }

        return count;
    }

    private void Put(int start, int end, ReadOnlyMemory<byte> bytes)
    {
        for (int i = 0; i < _splices.Count; i++)
        {
            if (_splices[i].Start == start && _splices[i].End == end)
            {
                _splices[i] = new Splice(start, end, bytes);
                return;
            }
        }

        _splices.Add(new Splice(start, end, bytes));
    }

    /// <summary>By start; of two that start together the one that reaches further comes first.</summary>
    private List<Splice> InOrder()
    {
        int removed = _removed?.Count ?? 0;
        if (_splices.Count == 1 && removed == 0 && _added is null)
        {
            return _splices;
        }

        var all = new List<Splice>(_splices.Count + removed + 1);
        if (_added is not null)
        {
            all.Add(new Splice(members.BodyStart, members.BodyStart, AddedText(_added, nothingFollows: removed == members.Count)));
        }

        for (int i = 0; i < removed; i++)
        {
            all.Add(Removal(_removed![i], isAmongFirst: _removed[i] == i));
        }

        all.AddRange(_splices);
        all.Sort(static (a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.IsInsertion != b.IsInsertion ? (a.IsInsertion ? -1 : 1) : b.End.CompareTo(a.End));
        return all;
    }

    /// <summary>
    /// Each removed member takes the comma before it along. Where nothing is kept before it there is none to take, and
    /// the one behind it goes.
    /// </summary>
    private Splice Removal(int member, bool isAmongFirst)
    {
        if (!isAmongFirst)
        {
            return new Splice(members[member - 1].ValueEnd, members[member].ValueEnd, default);
        }

        bool isLast = member == members.Count - 1;
        return new Splice(members[member].NameStart, isLast ? members[member].ValueEnd : members[member + 1].NameStart, default);
    }

    private static ReadOnlyMemory<byte> AddedText(List<(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value)> added, bool nothingFollows)
    {
        int size = 0;
        foreach ((ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value) in added)
        {
            size += name.Length + value.Length + 4;
        }

        byte[] text = new byte[size];
        int at = 0;
        foreach ((ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> value) in added)
        {
            text[at++] = (byte)'"';
            name.Span.CopyTo(text.AsSpan(at));
            at += name.Length;
            text[at++] = (byte)'"';
            text[at++] = (byte)':';
            value.Span.CopyTo(text.AsSpan(at));
            at += value.Length;
            text[at++] = (byte)',';
        }

        return text.AsMemory(0, nothingFollows ? at - 1 : at);
    }

    private readonly record struct Splice(int Start, int End, ReadOnlyMemory<byte> Bytes)
    {
        public bool IsInsertion => Start == End;
    }
}
