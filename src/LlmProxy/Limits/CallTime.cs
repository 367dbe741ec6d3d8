using System.Buffers.Binary;
using System.Security.Cryptography;

namespace LlmProxy.Limits;

/// <summary>A call's id is a UUID of version 7: it carries when the call began.</summary>
internal static class CallTime
{
    private const int ChanceBytes = 10;
    private const int Drawn = 128 * ChanceBytes;

    [ThreadStatic]
    private static byte[]? _chance;

    [ThreadStatic]
    private static int _used;

    /// <summary>As the framework makes them, but asks the system for chance once in 128 times.</summary>
    public static Guid NewId(DateTimeOffset now)
    {
        byte[] chance = _chance ??= new byte[Drawn];
        if (_used == 0)
        {
            RandomNumberGenerator.Fill(chance);
        }

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, now.ToUnixTimeMilliseconds() << 16);
        chance.AsSpan(_used, ChanceBytes).CopyTo(bytes[6..]);
        _used = (_used + ChanceBytes) % Drawn;
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

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
