using System.Buffers.Binary;

namespace LlmProxy.Limits;

/// <summary>When a call began, by its id: a UUID of version 7 carries it.</summary>
internal static class CallTime
{
    /// <summary>Null for an id of another kind.</summary>
    public static DateTimeOffset? Of(Guid call)
    {
        if (call.Version != 7)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[16];
        call.TryWriteBytes(bytes, bigEndian: true, out _);
        return DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(bytes) >>> 16);
    }
}
