using System.Text;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Members put into an object and taken out of it, where it stands in a text.</summary>
internal static class MemberEdits
{
    /// <summary>In front of all others; <paramref name="start"/>: the object's opening brace.</summary>
    public static void Add(FrameEdits edits, int start, JsonMembers members, string member) =>
        edits.Insert(start + members.BodyStart, Encoding.UTF8.GetBytes(members.Count > 0 ? member + "," : member));

    /// <summary>Takes out the members whose bits are set, with one comma each. The only ones there are stay: an empty object would say something else.</summary>
    public static void Cut(FrameEdits edits, int start, JsonMembers members, ulong indexes)
    {
        bool hasKept = false;
        for (int i = 0; i < members.Count; i++)
        {
            if (i >= 64 || (indexes & (1UL << i)) == 0)
            {
                hasKept = true;
            }
            else if (hasKept)
            {
                edits.Cut((start + members[i - 1].ValueEnd)..(start + members[i].ValueEnd));
            }
            else if (i + 1 < members.Count)
            {
                edits.Cut((start + members[i].NameStart)..(start + members[i + 1].NameStart));
            }
        }
    }

    /// <summary>The bit of a member that is there and null.</summary>
    public static ulong NullBit(ReadOnlySpan<byte> json, JsonMembers members, ReadOnlySpan<byte> name)
    {
        int found = members.Find(json, name);
        return found is >= 0 and < 64 && members[found].Kind == System.Text.Json.JsonTokenType.Null ? 1UL << found : 0;
    }
}
