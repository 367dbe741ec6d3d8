using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Json;

namespace LlmProxy.Wire;

/// <summary>
/// Walks over JSON text and checks all of its grammar without reading any value. The framework's reader goes byte by byte
/// through every string that holds an escape, which is each message of an agent's conversation; this one looks
/// at 32 bytes at a time and has no branch for an escape.
/// </summary>
internal ref partial struct JsonScanner(ReadOnlySpan<byte> json, int maxDepth)
{
    private readonly ReadOnlySpan<byte> _json = json;
    private readonly int _maxDepth = maxDepth;

    public int Position { get; private set; }

    /// <summary>What has been passed since that spot.</summary>
    public readonly ReadOnlySpan<byte> From(int start) => _json[start..Position];

    public void SkipSpace() => Position = SpaceEnd(_json, Position);

    /// <summary>The next byte that is not space, or 0 at the end; it is not consumed.</summary>
    public byte Peek()
    {
        SkipSpace();
        return Current();
    }

    public void Expect(byte wanted) => Position = Behind(wanted, SpaceEnd(_json, Position));

    /// <summary>Passes one value of any kind, whatever it holds, and says what it was.</summary>
    public JsonTokenType SkipValue(int depth)
    {
        switch (Peek())
        {
            case (byte)'"':
                SkipString();
                return JsonTokenType.String;
            case (byte)'{':
                SkipContainer(depth, (byte)'}');
                return JsonTokenType.StartObject;
            case (byte)'[':
                SkipContainer(depth, (byte)']');
                return JsonTokenType.StartArray;
            case (byte)'t':
                SkipWord("true"u8);
                return JsonTokenType.True;
            case (byte)'f':
                SkipWord("false"u8);
                return JsonTokenType.False;
            case (byte)'n':
                SkipWord("null"u8);
                return JsonTokenType.Null;
            default:
                SkipNumber();
                return JsonTokenType.Number;
        }
    }

    /// <summary>Where the text stops being JSON.</summary>
    public readonly JsonException Broken()
    {
        ReadOnlySpan<byte> before = _json[..Math.Min(Position, _json.Length)];
        int lines = before.Count((byte)'\n');
        int lineStart = before.LastIndexOf((byte)'\n') + 1;
        return new JsonException("The text is not valid JSON.", null, lines, before.Length - lineStart);
    }

    private void SkipContainer(int depth, byte end)
    {
        int after = Position + 1;
        if (depth < _maxDepth && after < _json.Length && _json[after] == end)
        {
            Position = after + 1;
            return;
        }

        SkipContainer(depth);
    }

    /// <summary>One loop for all levels: nesting costs a bit, not a stack frame.</summary>
    private void SkipContainer(int depth)
    {
        Span<ulong> kinds = stackalloc ulong[(_maxDepth / 64) + 1];
        int level = depth;
        bool isObject = Enter(kinds, ref level);
        bool isFirst = true;
        while (true)
        {
            byte next = Peek();
            if (next == (isObject ? (byte)'}' : (byte)']'))
            {
                Position++;
                level--;
                if (level == depth)
                {
                    return;
                }

                isObject = (kinds[level >> 6] & (1UL << (level & 63))) != 0;
                isFirst = false;
                continue;
            }

            if (!isFirst)
            {
                Expect((byte)',');
                next = Peek();
            }

            if (isObject)
            {
                SkipString();
                Expect((byte)':');
                next = Peek();
            }

            if (next is (byte)'{' or (byte)'[')
            {
                isObject = Enter(kinds, ref level);
                isFirst = true;
                continue;
            }

            SkipValue(level);
            isFirst = false;
        }
    }

    /// <summary>Goes one level down; true into an object.</summary>
    private bool Enter(scoped Span<ulong> kinds, ref int level)
    {
        if (++level > _maxDepth)
        {
            throw Broken();
        }

        bool isObject = _json[Position++] == (byte)'{';
        ulong bit = 1UL << (level & 63);
        kinds[level >> 6] = isObject ? kinds[level >> 6] | bit : kinds[level >> 6] & ~bit;
        return isObject;
    }

    // The steps that every token takes go by a spot of their own: one that is kept in the structure is written and read again at each of them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SpaceEnd(ReadOnlySpan<byte> json, int at) => (uint)at < (uint)json.Length && json[at] <= (byte)' ' ? IndentEnd(json, at) : at;

    /// <summary>What is laid out for people has a line feed and a long indent before each name.</summary>
    private static int IndentEnd(ReadOnlySpan<byte> json, int at)
    {
        while (at + Vector256<byte>.Count <= json.Length)
        {
            Vector256<byte> bytes = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(json), (nuint)at);
            uint others = ~(Vector256.Equals(bytes, Vector256.Create((byte)' ')) | Vector256.Equals(bytes, Vector256.Create((byte)'\n'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'\r')) | Vector256.Equals(bytes, Vector256.Create((byte)'\t'))).ExtractMostSignificantBits();
            if (others != 0)
            {
                return at + BitOperations.TrailingZeroCount(others);
            }

            at += Vector256<byte>.Count;
        }

        while (at < json.Length && json[at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            at++;
        }

        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Behind(byte wanted, int at)
    {
        if ((uint)at >= (uint)_json.Length || _json[at] != wanted)
        {
            throw BrokenAt(at);
        }

        return at + 1;
    }

    private JsonException BrokenAt(int at)
    {
        Position = at;
        return Broken();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void SkipWord(ReadOnlySpan<byte> word)
    {
        if (!_json[Position..].StartsWith(word))
        {
            throw Broken();
        }

        Position += word.Length;
    }

    private void SkipNumber()
    {
        ReadOnlySpan<byte> json = _json;
        int at = Position;
        if (at < json.Length && json[at] == (byte)'-')
        {
            at++;
        }

        at = at < json.Length && json[at] == (byte)'0' ? at + 1 : DigitsEnd(json, at);
        if (at < json.Length && json[at] == (byte)'.')
        {
            at = DigitsEnd(json, at + 1);
        }

        if (at < json.Length && json[at] is (byte)'e' or (byte)'E')
        {
            at++;
            at = DigitsEnd(json, at < json.Length && json[at] is (byte)'+' or (byte)'-' ? at + 1 : at);
        }

        Position = at;
    }

    private int DigitsEnd(ReadOnlySpan<byte> json, int at)
    {
        int start = at;
        while (at < json.Length && json[at] is >= (byte)'0' and <= (byte)'9')
        {
            at++;
        }

        return at > start ? at : throw BrokenAt(at);
    }

    private readonly byte Current() => Position < _json.Length ? _json[Position] : (byte)0;
}
