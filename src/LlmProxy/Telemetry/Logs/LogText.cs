using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using LlmProxy.Wire;

namespace LlmProxy.Telemetry.Logs;

/// <summary>Pieces of a line for people. Text from outside cannot begin a new line or steer a terminal.</summary>
internal static class LogText
{
    /// <summary>A message may be long; a log line is no place for megabytes.</summary>
    public const int LongestText = 16 * 1024;

    // Control characters, line and paragraph separators, and what turns the direction of writing around.
    private static readonly SearchValues<char> Unsafe = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0x7f, 0x21)).Concat([0x2028, 0x2029]).Concat(Enumerable.Range(0x202a, 5)).Concat(Enumerable.Range(0x2066, 4)).Select(c => (char)c)]);

    private static readonly SearchValues<char> NeedsQuotes = SearchValues.Create(" \"=");

    public static void Put(this ArrayBufferWriter<byte> line, ReadOnlySpan<byte> text) => line.Write(text);

    public static void Put(this ArrayBufferWriter<byte> line, ReadOnlySpan<char> text, int longest = LongestText)
    {
        if (text.Length <= longest && !text.ContainsAnyExceptInRange(' ', '~'))
        {
            line.Advance(Encoding.ASCII.GetBytes(text, line.GetSpan(text.Length + 1)));
            return;
        }

        bool isCut = text.Length > longest;
        text = isCut ? text[..longest] : text;
        while (text.Length > 0)
        {
            int safe = text.IndexOfAny(Unsafe);
            ReadOnlySpan<char> plain = safe < 0 ? text : text[..safe];
            line.Advance(Encoding.UTF8.GetBytes(plain, line.GetSpan(Encoding.UTF8.GetMaxByteCount(plain.Length))));
            if (safe < 0)
            {
                break;
            }

            PutEscaped(line, text[safe]);
            text = text[(safe + 1)..];
        }

        if (isCut)
        {
            line.Put("…"u8);
        }
    }

    public static void Put(this ArrayBufferWriter<byte> line, long value)
    {
        Utf8Formatter.TryFormat(value, line.GetSpan(24), out int length);
        line.Advance(length);
    }

    /// <summary>With a blank before it, and in quotes where it would else not be one word.</summary>
    public static void PutPair(this ArrayBufferWriter<byte> line, ReadOnlySpan<byte> name, string value, int longest = 256)
    {
        line.Put(" "u8);
        line.Put(name);
        line.Put("="u8);
        if (value.AsSpan().ContainsAny(NeedsQuotes))
        {
            line.Put("\""u8);
            line.Put(value.Replace("\"", "\\\"", StringComparison.Ordinal), longest);
            line.Put("\""u8);
        }
        else
        {
            line.Put(value, longest);
        }
    }

    /// <summary>As exact as a person wants it: 0.3 ms, 812 ms, 12.4 s.</summary>
    public static void Put(this ArrayBufferWriter<byte> line, TimeSpan value)
    {
        const long Ms = TimeSpan.TicksPerMillisecond;
        (long unit, int places) = value.Ticks switch
        {
            < 10 * Ms => (Ms / 10, 1),
            < 10_000 * Ms => (Ms, 0),
            _ => (100 * Ms, 1),
        };
        line.Advance(NumberText.Write(Digits.Round(value.Ticks, unit), places, keepsZeros: true, line.GetSpan(Digits.Longest)));
        line.Put(unit > Ms ? " s"u8 : " ms"u8);
    }

    public static void PutUsd(this ArrayBufferWriter<byte> line, decimal value)
    {
        line.Put("$"u8);
        line.Advance(Digits.Write(value, value is > 0 and < 0.0001m ? 8 : 4, line.GetSpan(Digits.Longest)));
    }

    private static void PutEscaped(ArrayBufferWriter<byte> line, char c)
    {
        switch (c)
        {
            case '\n':
                line.Put("\\n"u8);
                break;
            case '\r':
                line.Put("\\r"u8);
                break;
            case '\t':
                line.Put(" "u8);
                break;
            default:
                line.Put("\\u"u8);
                ((int)c).TryFormat(line.GetSpan(8), out int length, "x4", CultureInfo.InvariantCulture);
                line.Advance(length);
                break;
        }
    }
}
