using System.Buffers;

namespace LlmProxy.Wire;

/// <summary>
/// Finds members in JSON text by searching instead of parsing. Rests on two facts of valid JSON: inside a string every
/// quote is escaped, so a quoted name is never found in one; and a spot's depth is the number of brackets left open
/// until the end.
/// </summary>
internal static class JsonScan
{
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]"u8);

    /// <summary>
    /// The next member of that name at any depth: offset of its value, or -1. The search begins at <paramref name="from"/>,
    /// which is moved behind the name; the name comes with its quotes.
    /// </summary>
    public static int NextValue(ReadOnlySpan<byte> json, ReadOnlySpan<byte> quotedName, ref int from)
    {
        while (true)
        {
            int at = json[from..].IndexOf(quotedName);
            if (at < 0)
            {
                return -1;
            }

            from += at + quotedName.Length;
            int colon = SkipSpace(json, from);
            if (colon < json.Length && json[colon] == ':')
            {
                int value = SkipSpace(json, colon + 1);
                return value < json.Length ? value : -1;
            }
        }
    }

    /// <summary>Whether a spot outside every string belongs to the outermost object itself.</summary>
    public static bool IsTopLevel(ReadOnlySpan<byte> json, int spot)
    {
        ReadOnlySpan<byte> rest = json[spot..];
        int open = 0;
        while (true)
        {
            int at = rest.IndexOfAny(Structure);
            if (at < 0)
            {
                return open == -1;
            }

            byte found = rest[at];
            rest = rest[(at + 1)..];
            if (found == '"')
            {
                rest = BehindString(rest);
            }
            else if (found is (byte)'{' or (byte)'[')
            {
                open++;
            }
            else if (--open < -1)
            {
                return false;
            }
        }
    }

    /// <summary>The bytes that go when a member goes: the comma before it, else the one behind it.</summary>
    public static Range WithComma(ReadOnlySpan<byte> json, int nameStart, int valueEnd)
    {
        int before = nameStart - 1;
        while (before >= 0 && IsSpace(json[before]))
        {
            before--;
        }

        if (before >= 0 && json[before] == ',')
        {
            return before..valueEnd;
        }

        int behind = SkipSpace(json, valueEnd);
        return nameStart..(behind < json.Length && json[behind] == ',' ? behind + 1 : valueEnd);
    }

    public static int SkipSpace(ReadOnlySpan<byte> json, int at)
    {
        while (at < json.Length && IsSpace(json[at]))
        {
            at++;
        }

        return at;
    }

    private static bool IsSpace(byte b) => b is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t';

    private static ReadOnlySpan<byte> BehindString(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            int at = text.IndexOfAny((byte)'"', (byte)'\\');
            if (at < 0)
            {
                return [];
            }

            if (text[at] == '"')
            {
                return text[(at + 1)..];
            }

            text = text[Math.Min(at + 2, text.Length)..];
        }
    }
}
