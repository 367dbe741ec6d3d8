using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using LlmProxy.Endpoints;
using LlmProxy.Wire;

namespace LlmProxy.Providers;

/// <summary>
/// What a vendor wants said differently in a request: fields by name, as they will stand after all changes so far.
/// Where a field repeats, the last one counts, as it does for the servers that read it.
/// </summary>
internal sealed class RequestEdits(EndpointKind endpoint, string model, ReadOnlyMemory<byte> body, JsonMembers members)
{
    private readonly List<Change> _changes = new(1);
    private List<string>? _dropped;

    public EndpointKind Endpoint { get; } = endpoint;

    /// <summary>The vendor's model name that is asked for.</summary>
    public string Model { get; } = model;

    /// <summary>Fields that the caller wrote and the vendor will not see: named to the caller, or the reason to refuse a strict call.</summary>
    public IReadOnlyList<string> Dropped => (IReadOnlyList<string>?)_dropped ?? [];

    /// <summary>Present, and not null.</summary>
    public bool Has(ReadOnlySpan<byte> name) => KindOf(name) is not (JsonTokenType.None or JsonTokenType.Null);

    /// <summary>None when the field is not there.</summary>
    public JsonTokenType KindOf(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> raw = Raw(name);
        return raw.IsEmpty ? JsonTokenType.None : raw[0] switch
        {
            (byte)'"' => JsonTokenType.String,
            (byte)'{' => JsonTokenType.StartObject,
            (byte)'[' => JsonTokenType.StartArray,
            (byte)'t' => JsonTokenType.True,
            (byte)'f' => JsonTokenType.False,
            (byte)'n' => JsonTokenType.Null,
            _ => JsonTokenType.Number,
        };
    }

    /// <summary>The field's value as JSON text; empty when the field is not there.</summary>
    public ReadOnlySpan<byte> Raw(ReadOnlySpan<byte> name)
    {
        int change = FindChange(name);
        if (change >= 0)
        {
            return ValueOf(_changes[change]).Span;
        }

        int member = FindMember(name);
        return member < 0 ? default : members[member].Value(body.Span);
    }

    public bool TryReadString(ReadOnlySpan<byte> name, [NotNullWhen(true)] out string? value)
    {
        value = null;
        if (KindOf(name) != JsonTokenType.String)
        {
            return false;
        }

        var reader = new Utf8JsonReader(Raw(name));
        reader.Read();
        try
        {
            value = reader.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, written as an escape: text that no vendor setting can be.
            return false;
        }
    }

    public bool TryReadNumber(ReadOnlySpan<byte> name, out long value)
    {
        value = 0;
        if (KindOf(name) != JsonTokenType.Number)
        {
            return false;
        }

        var reader = new Utf8JsonReader(Raw(name));
        return reader.Read() && reader.TryGetInt64(out value);
    }

    /// <summary>Gives a field its vendor's name. Where that one is there too, it stays and the other goes.</summary>
    public void Rename(ReadOnlySpan<byte> name, ReadOnlySpan<byte> newName)
    {
        if (KindOf(name) == JsonTokenType.None)
        {
            return;
        }

        if (Has(newName))
        {
            Remove(name);
            return;
        }

        Remove(newName);
        int change = FindChange(name);
        if (change >= 0)
        {
            _changes[change] = _changes[change] with { Name = newName.ToArray() };
        }
        else
        {
            _changes.Add(new Change(FindMember(name), newName.ToArray(), null));
        }

        Remove(name);
    }

    /// <summary>Takes a field out because the vendor refuses it, and remembers its name unless its value says nothing.</summary>
    public void Drop(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> raw = Raw(name);
        if (raw.IsEmpty)
        {
            return;
        }

        if (!SaysNothing(raw))
        {
            NoteDropped(Encoding.UTF8.GetString(name));
        }

        Remove(name);
    }

    /// <summary>Takes a field out with nothing lost: the vendor does it anyway, or another field says it.</summary>
    public void Remove(ReadOnlySpan<byte> name)
    {
        for (int change = FindChange(name); change >= 0; change = FindChange(name))
        {
            if (_changes[change].Member < 0)
            {
                _changes.RemoveAt(change);
            }
            else
            {
                _changes[change] = new Change(_changes[change].Member, null, null) { IsRemoved = true };
            }
        }

        for (int member = FindMember(name); member >= 0; member = FindMember(name))
        {
            _changes.Add(new Change(member, null, null) { IsRemoved = true });
        }
    }

    /// <summary>Gives a field this JSON text as its value, whether it is there or not.</summary>
    public void Set(ReadOnlySpan<byte> name, ReadOnlyMemory<byte> json)
    {
        int change = FindChange(name);
        if (change >= 0)
        {
            _changes[change] = _changes[change] with { Value = json };
            return;
        }

        int member = FindMember(name);
        _changes.Add(member < 0 ? new Change(-1, name.ToArray(), json) : new Change(member, null, json));
    }

    public void SetIfAbsent(ReadOnlySpan<byte> name, ReadOnlyMemory<byte> json)
    {
        if (!Has(name))
        {
            Set(name, json);
        }
    }

    /// <summary>Adds what the operator wants where the caller said nothing, under this name or its synonym.</summary>
    public void AddDefault(ReadOnlySpan<byte> name, ReadOnlyMemory<byte> json)
    {
        bool isSaid = KindOf(name) != JsonTokenType.None
            || (name.SequenceEqual("max_tokens"u8) && Has("max_completion_tokens"u8))
            || (name.SequenceEqual("max_completion_tokens"u8) && Has("max_tokens"u8));
        if (!isSaid)
        {
            // What an operator writes may hold quotes; the vendors' own names never do.
            Set(JsonEncodedText.Encode(name).EncodedUtf8Bytes, json);
        }
    }

    /// <summary>Hands the changes to the body's text; once, when all are made.</summary>
    public void ApplyTo(BodyEdits edits)
    {
        foreach (Change change in _changes)
        {
            if (change.IsRemoved)
            {
                edits.Remove(change.Member);
                continue;
            }

            if (change.Member < 0)
            {
                edits.Add(change.Name!, change.Value!.Value);
                continue;
            }

            if (change.Name is { } name)
            {
                edits.ReplaceName(change.Member, name);
            }

            if (change.Value is { } value)
            {
                edits.ReplaceValue(change.Member, value);
            }
        }
    }

    public void NoteDropped(string name)
    {
        _dropped ??= [];
        if (!_dropped.Contains(name))
        {
            _dropped.Add(name);
        }
    }

    /// <summary>null, false and empty values ask for nothing that a vendor could fail to do.</summary>
    public static bool SaysNothing(ReadOnlySpan<byte> json) =>
        json.SequenceEqual("null"u8) || json.SequenceEqual("false"u8) || json.SequenceEqual("\"\""u8)
        || (json.Length >= 2 && json[0] is (byte)'{' or (byte)'[' && json[1..^1].Trim(" \t\r\n"u8).IsEmpty);

    private ReadOnlyMemory<byte> ValueOf(in Change change)
    {
        if (change.Value is { } value)
        {
            return value;
        }

        ref readonly JsonMember member = ref members[change.Member];
        return body[member.ValueStart..member.ValueEnd];
    }

    /// <summary>The change whose field now has this name, or -1.</summary>
    private int FindChange(ReadOnlySpan<byte> name)
    {
        for (int i = _changes.Count - 1; i >= 0; i--)
        {
            Change change = _changes[i];
            if (!change.IsRemoved && (change.Name is { } own ? name.SequenceEqual(own) : members.NameIs(body.Span, change.Member, name)))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The last untouched member of this name, or -1.</summary>
    private int FindMember(ReadOnlySpan<byte> name)
    {
        for (int i = members.Count - 1; i >= 0; i--)
        {
            if (members.NameIs(body.Span, i, name) && !IsTouched(i))
            {
                return i;
            }
        }

        return -1;
    }

    private bool IsTouched(int member)
    {
        foreach (Change change in _changes)
        {
            if (change.Member == member)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// One field's change: the member's index (-1: a new field), its new name and its new value; null: as it was.
    /// </summary>
    private readonly record struct Change(int Member, byte[]? Name, ReadOnlyMemory<byte>? Value)
    {
        public bool IsRemoved { get; init; }
    }
}
