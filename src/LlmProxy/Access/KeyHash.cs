using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace LlmProxy.Access;

/// <summary>The SHA-256 of a key: what the gateway keeps and compares instead of the key.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct KeyHash : IEquatable<KeyHash>
{
    private const int LongestKey = 512;

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    /// <summary>False for a text that no key of ours can be: empty or absurdly long.</summary>
    public static bool TryOf(ReadOnlySpan<char> key, out KeyHash hash)
    {
        hash = default;
        if (key.IsEmpty || key.Length > LongestKey)
        {
            return false;
        }

        Span<byte> text = stackalloc byte[LongestKey * 3];
        int length = Encoding.UTF8.GetBytes(key, text);
        SHA256.HashData(text[..length], MemoryMarshal.AsBytes(new Span<KeyHash>(ref hash)));
        return true;
    }

    /// <summary>From the 32 bytes that were kept.</summary>
    public static KeyHash From(ReadOnlySpan<byte> kept) => kept.Length == SHA256.HashSizeInBytes
        ? MemoryMarshal.Read<KeyHash>(kept)
        : throw new FormatException("A key's hash has 32 bytes.");

    public byte[] ToBytes() => Bytes(in this).ToArray();

    /// <summary>In constant time: how far two hashes agree tells nobody anything.</summary>
    public bool Equals(KeyHash other) => CryptographicOperations.FixedTimeEquals(Bytes(in this), Bytes(in other));

    public override bool Equals(object? obj) => obj is KeyHash other && Equals(other);

    public override int GetHashCode() => (int)_a;

    private static ReadOnlySpan<byte> Bytes(in KeyHash hash) => MemoryMarshal.AsBytes(new ReadOnlySpan<KeyHash>(in hash));
}
