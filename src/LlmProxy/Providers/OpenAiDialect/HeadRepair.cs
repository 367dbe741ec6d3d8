using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>The members that every answer and every chunk begins with: id, object, created, model. Fills in what is missing or empty.</summary>
internal sealed class HeadRepair(AnswerIdentity identity, string objectName)
{
    private readonly byte[] _object = Encoding.ASCII.GetBytes($"\"{objectName}\"");
    private byte[]? _id;
    private byte[]? _model;
    private byte[]? _created;

    /// <summary>A vendor's id has been seen.</summary>
    public bool IsKnown => _id is not null;

    /// <summary>The id that this object brings; empty when it has none.</summary>
    public static ReadOnlySpan<byte> IdIn(ReadOnlySpan<byte> json, JsonMembers members) => Said(json, members, "id"u8, JsonTokenType.String);

    /// <summary>True when something had to be mended.</summary>
    public bool Read(ReadOnlySpan<byte> json, JsonMembers members, FrameEdits edits)
    {
        bool mended = Fill(json, members, edits, "id"u8, JsonTokenType.String, ref _id, () => identity.IdJson);
        mended |= Fill(json, members, edits, "created"u8, JsonTokenType.Number, ref _created, () => Encoding.ASCII.GetBytes(identity.Created.ToString(CultureInfo.InvariantCulture)));
        mended |= Fill(json, members, edits, "model"u8, JsonTokenType.String, ref _model, () => identity.ModelJson);
        if (!Said(json, members, "object"u8, JsonTokenType.String).SequenceEqual(_object))
        {
            Put(json, members, edits, "object"u8, _object);
            mended = true;
        }

        return mended;
    }

    /// <summary>The head as members, for an object of our own.</summary>
    public byte[] Own() =>
    [
        .. "\"id\":"u8, .. _id ?? identity.IdJson, .. ",\"object\":"u8, .. _object,
        .. ",\"created\":"u8, .. _created ?? Encoding.ASCII.GetBytes(identity.Created.ToString(CultureInfo.InvariantCulture)),
        .. ",\"model\":"u8, .. _model ?? identity.ModelJson,
    ];

    private static bool Fill(ReadOnlySpan<byte> json, JsonMembers members, FrameEdits edits, ReadOnlySpan<byte> name, JsonTokenType kind, ref byte[]? known, Func<byte[]> make)
    {
        ReadOnlySpan<byte> said = Said(json, members, name, kind);
        if (!said.IsEmpty)
        {
            known ??= said.ToArray();
            return false;
        }

        Put(json, members, edits, name, known ??= make());
        return true;
    }

    private static void Put(ReadOnlySpan<byte> json, JsonMembers members, FrameEdits edits, ReadOnlySpan<byte> name, byte[] value)
    {
        int found = members.Find(json, name);
        if (found >= 0)
        {
            edits.Replace(members[found].ValueStart, members[found].ValueEnd, value);
        }
        else
        {
            edits.Insert(members.BodyStart, [(byte)'"', .. name, .. "\":"u8, .. value, .. members.Count > 0 ? ","u8 : ""u8]);
        }
    }

    /// <summary>The value where it says something: no null, no empty string, no zero.</summary>
    private static ReadOnlySpan<byte> Said(ReadOnlySpan<byte> json, JsonMembers members, ReadOnlySpan<byte> name, JsonTokenType kind)
    {
        int found = members.Find(json, name);
        if (found < 0 || members[found].Kind != kind)
        {
            return default;
        }

        ReadOnlySpan<byte> value = members[found].Value(json);
        return value.SequenceEqual("\"\""u8) || value.SequenceEqual("0"u8) ? default : value;
    }
}
