using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>A usage object as the schema has it: its three counts are there, its details are objects or not there.</summary>
internal static class UsageRepair
{
    public static void Read(ReadOnlySpan<byte> text, in JsonMember usage, JsonMembers scratch, FrameEdits edits)
    {
        int start = usage.ValueStart;
        ReadOnlySpan<byte> json = usage.Value(text);
        scratch.Read(json);
        MemberEdits.Cut(edits, start, scratch, MemberEdits.NullBit(json, scratch, "prompt_tokens_details"u8) | MemberEdits.NullBit(json, scratch, "completion_tokens_details"u8));
        TokenUsage? counted = UsageReader.Read(json);
        long input = counted is { } c ? c.Total - c.Output : 0;
        AddMissing(json, start, scratch, edits, "prompt_tokens", input);
        AddMissing(json, start, scratch, edits, "completion_tokens", counted?.Output ?? 0);
        AddMissing(json, start, scratch, edits, "total_tokens", counted?.Total ?? 0);
    }

    public static byte[] Mended(ReadOnlySpan<byte> usage, JsonMembers scratch)
    {
        var edits = new FrameEdits();
        Read(usage, new JsonMember(0, 0, 0, usage.Length, JsonTokenType.StartObject, false), scratch, edits);
        var mended = new ArrayBufferWriter<byte>();
        edits.WriteTo(mended, usage);
        return mended.WrittenSpan.ToArray();
    }

    private static void AddMissing(ReadOnlySpan<byte> json, int start, JsonMembers members, FrameEdits edits, string name, long count)
    {
        int found = members.Find(json, Encoding.ASCII.GetBytes(name));
        if (found < 0)
        {
            MemberEdits.Add(edits, start, members, string.Create(CultureInfo.InvariantCulture, $"\"{name}\":{count}"));
        }
        else if (members[found].Kind != JsonTokenType.Number)
        {
            edits.Replace(start + members[found].ValueStart, start + members[found].ValueEnd, Encoding.ASCII.GetBytes(count.ToString(CultureInfo.InvariantCulture)));
        }
    }
}
