using System.Buffers;

namespace LlmProxy.Providers.Gemini;

/// <summary>JSON text carried from one place to another without being read.</summary>
internal static class GeminiJson
{
    /// <summary>The text without white space between its tokens; Google indents whole answers, and a line end would break an event stream.</summary>
    public static void Minify(ReadOnlySpan<byte> json, IBufferWriter<byte> output) => Write(json, output, isEscaped: false);

    /// <summary>The same as the inside of a JSON string.</summary>
    public static void MinifyEscaped(ReadOnlySpan<byte> json, IBufferWriter<byte> output) => Write(json, output, isEscaped: true);

    private static void Write(ReadOnlySpan<byte> json, IBufferWriter<byte> output, bool isEscaped)
    {
        Span<byte> room = output.GetSpan(json.Length * 2);
        int length = 0;
        bool isInText = false;
        for (int i = 0; i < json.Length; i++)
        {
            byte c = json[i];
            if (!isInText && c is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            {
                continue;
            }

            if (c == '\\')
            {
                Put(room, ref length, c, isEscaped);
                c = json[++i]; // What is escaped is never the end of the text.
                Put(room, ref length, c, isEscaped && c is (byte)'"' or (byte)'\\');
                continue;
            }

            isInText ^= c == '"';
            Put(room, ref length, c, isEscaped && c == '"');
        }

        output.Advance(length);
    }

    private static void Put(Span<byte> room, ref int length, byte c, bool withBackslash)
    {
        if (withBackslash)
        {
            room[length++] = (byte)'\\';
        }

        room[length++] = c;
    }
}
