using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LlmProxy.Wire;

/// <summary>
/// What 32 bytes inside a JSON string hold, one bit for each byte. Which bytes are escaped is found by arithmetic on the
/// backslashes' bits (a run of them escapes what follows when its length is odd), as simdjson showed: no branch to guess.
/// </summary>
internal readonly ref struct StringBlock
{
    private const uint EvenBits = 0x5555_5555;

    private readonly uint _ends;

    /// <param name="text">The string from behind its opening quote on.</param>
    /// <param name="at">Where the block begins.</param>
    /// <param name="carry">1 when the first byte is escaped by the block before; set for the next one.</param>
    public StringBlock(ReadOnlySpan<byte> text, int at, ref uint carry)
    {
        Vector256<byte> bytes = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(text), (nuint)at);
        Vector256<byte> quotes = Is(bytes, '"');
        Vector256<byte> slashes = Is(bytes, '\\');
        uint escaped = Escaped(slashes.ExtractMostSignificantBits(), ref carry);

        uint mayBeEscaped = (quotes | slashes | Is(bytes, '/') | Is(bytes, 'b') | Is(bytes, 'f') | Is(bytes, 'n') | Is(bytes, 'r') | Is(bytes, 't') | Is(bytes, 'u'))
            .ExtractMostSignificantBits();
        uint controls = Vector256.LessThan(bytes, Vector256.Create((byte)0x20)).ExtractMostSignificantBits();
        _ends = quotes.ExtractMostSignificantBits() & ~escaped;
        Events = _ends | controls | (escaped & ~mayBeEscaped);
        UnicodeEscapes = Is(bytes, 'u').ExtractMostSignificantBits() & escaped;
    }

    /// <summary>Where the string ends or breaks.</summary>
    public uint Events { get; }

    public uint UnicodeEscapes { get; }

    /// <summary>Whether the event there is the closing quote.</summary>
    public bool EndsAt(int spot) => (_ends >> spot & 1) != 0;

    private static uint Escaped(uint backslashes, ref uint carry)
    {
        backslashes &= ~carry;
        uint follows = (backslashes << 1) | carry;
        uint oddStarts = backslashes & ~EvenBits & ~follows;
        ulong sum = (ulong)oddStarts + backslashes;
        carry = (uint)(sum >> 32);
        return (EvenBits ^ ((uint)sum << 1)) & follows;
    }

    private static Vector256<byte> Is(Vector256<byte> bytes, char wanted) => Vector256.Equals(bytes, Vector256.Create((byte)wanted));
}
