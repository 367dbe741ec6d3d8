using System.Buffers;

namespace LlmProxy.Wire;

/// <summary>Writes server-sent events.</summary>
internal static class SseWriter
{
    /// <summary>Says nothing and keeps proxies and clients from giving up; every client skips comments.</summary>
    public static ReadOnlySpan<byte> KeepAlive => ": keep-alive\n\n"u8;

    public static ReadOnlySpan<byte> Done => "data: [DONE]\n\n"u8;

    public static void WriteData(IBufferWriter<byte> output, ReadOnlySpan<byte> data)
    {
        WriteLines(output, "data: "u8, data);
        output.Write("\n"u8);
    }

    public static void WriteEvent(IBufferWriter<byte> output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> data)
    {
        output.Write("event: "u8);
        output.Write(name);
        output.Write("\n"u8);
        WriteData(output, data);
    }

    public static void WriteComment(IBufferWriter<byte> output, ReadOnlySpan<byte> text)
    {
        WriteLines(output, ": "u8, text);
        output.Write("\n"u8);
    }

    /// <summary>The rest of a frame as it came; with <paramref name="isCut"/> also the line ends that its stream did not live to send.</summary>
    public static void WriteRest(IBufferWriter<byte> output, ReadOnlySpan<byte> raw, bool isCut)
    {
        output.Write(raw);
        if (isCut)
        {
            output.Write(raw.EndsWith("\n"u8) || raw.EndsWith("\r"u8) ? "\n"u8 : "\n\n"u8);
        }
    }

    private static void WriteLines(IBufferWriter<byte> output, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> text)
    {
        while (true)
        {
            output.Write(prefix);
            int end = text.IndexOfAny((byte)'\n', (byte)'\r');
            if (end < 0)
            {
                output.Write(text);
                output.Write("\n"u8);
                return;
            }

            output.Write(text[..end]);
            output.Write("\n"u8);
            bool isPair = text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n';
            text = text[(end + (isPair ? 2 : 1))..];
        }
    }
}
