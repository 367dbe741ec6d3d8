using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers;

/// <summary>Asks for usage at the end of a stream: stream_options.include_usage, put beside what the client wrote there.</summary>
internal static class StreamUsageRequest
{
    private static readonly byte[] Name = "stream_options"u8.ToArray();
    private static readonly byte[] Whole = """{"include_usage":true}"""u8.ToArray();
    private static readonly byte[] AsMember = "\"include_usage\":true"u8.ToArray();
    private static readonly byte[] AsFirstMember = "\"include_usage\":true,"u8.ToArray();
    private static readonly byte[] True = "true"u8.ToArray();

    public static void Add(BodyEdits edits, JsonMembers members, int member, ReadOnlySpan<byte> body)
    {
        if (member < 0)
        {
            edits.Add(Name, Whole);
            return;
        }

        JsonMember options = members[member];
        if (options.Kind != JsonTokenType.StartObject)
        {
            edits.ReplaceValue(member, Whole);
            return;
        }

        var inner = new JsonMembers();
        ReadOnlySpan<byte> value = options.Value(body);
        inner.Read(value);
        int found = inner.Find(value, "include_usage"u8);
        if (found >= 0)
        {
            edits.ReplaceRange(options.ValueStart + inner[found].ValueStart, inner[found].ValueEnd - inner[found].ValueStart, True);
        }
        else
        {
            edits.ReplaceRange(options.ValueStart + inner.BodyStart, 0, inner.Count == 0 ? AsMember : AsFirstMember);
        }
    }
}
