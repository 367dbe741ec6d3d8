using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace LlmProxy.Tests.Recordings;

/// <summary>
/// Puts lines of JSON, {"eventType": payload} each, into AWS event stream messages.
/// https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html#streaming-event-stream
/// </summary>
internal static class EventFrames
{
    public static byte[] Encode(string lines)
    {
        using var all = new MemoryStream();
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            (string name, JsonNode? payload) = JsonNode.Parse(line)!.AsObject().First();
            bool isException = name.EndsWith("Exception", StringComparison.Ordinal);
            byte[] headers =
            [
                .. Header(":message-type", isException ? "exception" : "event"),
                .. Header(isException ? ":exception-type" : ":event-type", name),
                .. Header(":content-type", "application/json"),
            ];
            all.Write(Frame(headers, Encoding.UTF8.GetBytes(payload!.ToJsonString())));
        }

        return all.ToArray();
    }

    private static byte[] Frame(byte[] headers, byte[] payload)
    {
        byte[] frame = new byte[16 + headers.Length + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(8), Crc(frame.AsSpan(0, 8)));
        headers.CopyTo(frame, 12);
        payload.CopyTo(frame, 12 + headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(frame.Length - 4), Crc(frame.AsSpan(0, frame.Length - 4)));
        return frame;
    }

    private static byte[] Header(string name, string value) =>
        [(byte)name.Length, .. Encoding.ASCII.GetBytes(name), 7, (byte)(value.Length >> 8), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }

        return ~crc;
    }
}
