using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace LlmProxy.TestKit;

/// <summary>Writes AWS's binary event streams, checksums included. https://smithy.io/2.0/aws/amazon-eventstream.html</summary>
public static class EventStreamWriter
{
    public const string ContentType = "application/vnd.amazon.eventstream";

    /// <summary>
    /// From lines of JSON, each an object of one member: the event's name and its payload. A name that ends in
    /// "Exception" becomes an exception.
    /// </summary>
    public static byte[] FromLines(string lines)
    {
        using var stream = new MemoryStream();
        foreach (string line in lines.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            using JsonDocument json = JsonDocument.Parse(line);
            JsonProperty only = json.RootElement.EnumerateObject().Single();
            stream.Write(only.Name.EndsWith("Exception", StringComparison.Ordinal)
                ? Exception(only.Name, only.Value.GetRawText())
                : Event(only.Name, only.Value.GetRawText()));
        }

        return stream.ToArray();
    }

    public static byte[] Event(string type, string payload) =>
        Message(payload, (":event-type", type), (":content-type", "application/json"), (":message-type", "event"));

    public static byte[] Exception(string type, string payload) =>
        Message(payload, (":exception-type", type), (":content-type", "application/json"), (":message-type", "exception"));

    /// <summary>A failure that the service's model does not know.</summary>
    public static byte[] Error(string code, string message) =>
        Message("", (":message-type", "error"), (":error-code", code), (":error-message", message));

    public static byte[] Message(string payload, params (string Name, string Value)[] headers)
    {
        using var head = new MemoryStream();
        foreach ((string name, string value) in headers)
        {
            byte[] text = Encoding.UTF8.GetBytes(value);
            head.WriteByte((byte)name.Length);
            head.Write(Encoding.ASCII.GetBytes(name));
            head.WriteByte(7);
            head.WriteByte((byte)(text.Length >> 8));
            head.WriteByte((byte)text.Length);
            head.Write(text);
        }

        return Message(Encoding.UTF8.GetBytes(payload), head.ToArray());
    }

    public static byte[] Message(byte[] payload, byte[] headers)
    {
        byte[] message = new byte[16 + headers.Length + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(message, (uint)message.Length);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), (uint)headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(8), Crc(message.AsSpan(0, 8)));
        headers.CopyTo(message, 12);
        payload.CopyTo(message, 12 + headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(message.Length - 4), Crc(message.AsSpan(0, message.Length - 4)));
        return message;
    }

    /// <summary>Bit by bit, so that it shares no mistake with the gateway's.</summary>
    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
            }
        }

        return ~crc;
    }
}
