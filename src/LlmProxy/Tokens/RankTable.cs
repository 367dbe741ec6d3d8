using System.IO.Compression;
using System.Numerics;
using System.Runtime.InteropServices;

namespace LlmProxy.Tokens;

/// <summary>All tokens of one encoding: bytes to rank and back. The rank is the token's number.</summary>
internal sealed class RankTable
{
    private readonly byte[] _bytes;
    private readonly int[] _starts;

    /// <summary>Open addressing: the upper half of a slot is a part of the hash, the lower the rank plus one; 0: free.</summary>
    private readonly ulong[] _slots;

    private readonly int[] _singles = new int[256];

    private RankTable(byte[] packed, int length)
    {
        var starts = new List<int>(200_000);
        int at = 0;
        for (int i = 0; i < length; i += packed[i] + 1)
        {
            starts.Add(at);
            at += packed[i];
            LongestToken = Math.Max(LongestToken, packed[i]);
        }

        starts.Add(at);
        _starts = [.. starts];
        _bytes = new byte[at];
        _slots = new ulong[BitOperations.RoundUpToPowerOf2((uint)_starts.Length * 2)];
        for (int rank = 0, i = 0; rank < Count; rank++)
        {
            ReadOnlySpan<byte> token = packed.AsSpan(i + 1, packed[i]);
            token.CopyTo(_bytes.AsSpan(_starts[rank]));
            Add(token, rank);
            i += token.Length + 1;
            if (token.Length == 1)
            {
                _singles[token[0]] = rank;
            }
        }
    }

    public int Count => _starts.Length - 1;

    /// <summary>In bytes.</summary>
    public int LongestToken { get; }

    /// <summary>From the table that is built into the program.</summary>
    public static RankTable Load(string name)
    {
        using Stream resource = typeof(RankTable).Assembly.GetManifestResourceStream($"LlmProxy.Tokens.{name}.br")!;
        using var brotli = new BrotliStream(resource, CompressionMode.Decompress);
        using var packed = new MemoryStream(2 * 1024 * 1024);
        brotli.CopyTo(packed);
        return new RankTable(packed.GetBuffer(), (int)packed.Length);
    }

    public ReadOnlySpan<byte> BytesOf(int rank) => _bytes.AsSpan(_starts[rank].._starts[rank + 1]);

    public int RankOf(byte single) => _singles[single];

    /// <summary>-1: these bytes are no token.</summary>
    public int RankOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > LongestToken)
        {
            return -1;
        }

        ulong hash = Hash(bytes);
        uint mark = (uint)(hash >> 32);
        ulong[] slots = _slots;
        for (uint i = (uint)hash & (uint)(slots.Length - 1); ; i = (i + 1) & (uint)(slots.Length - 1))
        {
            ulong slot = slots[i];
            if (slot == 0)
            {
                return -1;
            }

            if ((uint)(slot >> 32) == mark && BytesOf((int)(uint)slot - 1).SequenceEqual(bytes))
            {
                return (int)(uint)slot - 1;
            }
        }
    }

    private void Add(ReadOnlySpan<byte> token, int rank)
    {
        ulong hash = Hash(token);
        uint i = (uint)hash & (uint)(_slots.Length - 1);
        while (_slots[i] != 0)
        {
            i = (i + 1) & (uint)(_slots.Length - 1);
        }

        _slots[i] = (hash >> 32 << 32) | (uint)(rank + 1);
    }

    /// <summary>Nobody gains by colliding here: the table never grows, and every token in it is known.</summary>
    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        ulong hash = (ulong)bytes.Length * 0x9E3779B97F4A7C15;
        while (bytes.Length > 8)
        {
            hash = Mix(hash ^ MemoryMarshal.Read<ulong>(bytes));
            bytes = bytes[8..];
        }

        ulong last;
        if (bytes.Length >= 4)
        {
            last = MemoryMarshal.Read<uint>(bytes) | ((ulong)MemoryMarshal.Read<uint>(bytes[^4..]) << 32);
        }
        else
        {
            last = bytes.Length == 0 ? 0 : bytes[0] | ((ulong)bytes[bytes.Length >> 1] << 8) | ((ulong)bytes[^1] << 16);
        }

        return Mix(hash ^ last);
    }

    private static ulong Mix(ulong value)
    {
        ulong high = Math.BigMul(value, 0xD6E8FEB86659FD93, out ulong low);
        return high ^ low;
    }
}
