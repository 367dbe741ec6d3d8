using System.Buffers.Binary;
using System.Text.Json.Nodes;

namespace LlmProxy.Drills.Recordings;

/// <summary>The payloads of AWS event stream messages, their checksums taken on trust.</summary>
internal static class EventStreamPayloads
{
    public static IEnumerable<JsonNode> Read(byte[] bytes)
    {
        for (int at = 0; at + 12 <= bytes.Length;)
        {
            int total = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));
            int headers = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 4));
            yield return JsonNode.Parse(bytes.AsSpan(at + 12 + headers, total - 16 - headers))!;
            at += total;
        }
    }
}
