using System.Buffers;
using System.Text.Json;

namespace LlmProxy.Wire;

/// <summary>
/// Walks over JSON text and checks all of its grammar without reading any value. The framework's reader goes byte by byte
/// through every string that holds an escape, which is each message of an agent's conversation; this one leaps from
/// escape to escape. (400 KB of such messages: a quarter of the processor time.)
/// </summary>
internal ref struct JsonScanner(ReadOnlySpan<byte> json, int maxDepth)
{
    private static readonly SearchValues<byte> StringStops = SearchValues.Create(
        [(byte)'"', (byte)'\\', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]);

    private readonly ReadOnlySpan<byte> _json = json;
    private readonly int _maxDepth = maxDepth;

    public int Position { get; private set; }

    public void SkipSpace()
    {
        while (Position < _json.Length && _json[Position] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            Position++;
        }
    }

    /// <summary>The next byte that is not space, or 0 at the end; it is not consumed.</summary>
    public byte Peek()
    {
        SkipSpace();
        return Position < _json.Length ? _json[Position] : (byte)0;
    }

    public void Expect(byte wanted)
    {
        if (Peek() != wanted)
        {
            throw Broken();
        }

        Position++;
    }

    /// <summary>Passes a string whose opening quote comes next; true when it holds an escape.</summary>
    public bool SkipString()
    {
        Expect((byte)'"');
        ReadOnlySpan<byte> rest = _json[Position..];
        int at = 0;
        bool isEscaped = false;
        while (true)
        {
            int stop = rest[at..].IndexOfAny(StringStops);
            if (stop < 0)
            {
                Position = _json.Length;
                throw Broken();
            }

            at += stop;
            if (rest[at] == (byte)'"')
            {
                Position += at + 1;
                return isEscaped;
            }

            int escape = EscapeLength(rest[at..]);
            if (escape == 0)
            {
                Position += at;
                throw Broken();
            }

            isEscaped = true;
            at += escape;
        }
    }

    /// <summary>Passes one value of any kind, whatever it holds, and says what it was.</summary>
    public JsonTokenType SkipValue(int depth)
    {
        switch (Peek())
        {
            case (byte)'"':
                SkipString();
                return JsonTokenType.String;
            case (byte)'{':
                SkipContainer(depth);
                return JsonTokenType.StartObject;
            case (byte)'[':
                SkipContainer(depth);
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

    /// <summary>How many bytes the escape at the start takes; 0 when it is none.</summary>
    private static int EscapeLength(ReadOnlySpan<byte> text)
    {
        if (text.Length < 2 || text[0] != (byte)'\\')
        {
            return 0;
        }

        return text[1] switch
        {
            (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t' => 2,
            (byte)'u' when text.Length >= 6 && AreHex(text.Slice(2, 4)) => 6,
            _ => 0,
        };
    }

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
        if (Current() == (byte)'-')
        {
            Position++;
        }

        if (Current() == (byte)'0')
        {
            Position++;
        }
        else
        {
            SkipDigits();
        }

        if (Current() == (byte)'.')
        {
            Position++;
            SkipDigits();
        }

        if (Current() is (byte)'e' or (byte)'E')
        {
            Position++;
            if (Current() is (byte)'+' or (byte)'-')
            {
                Position++;
            }

            SkipDigits();
        }
    }

    private void SkipDigits()
    {
        int start = Position;
        while (Current() is >= (byte)'0' and <= (byte)'9')
        {
            Position++;
        }

        if (Position == start)
        {
            throw Broken();
        }
    }

    private readonly byte Current() => Position < _json.Length ? _json[Position] : (byte)0;

    private static bool AreHex(ReadOnlySpan<byte> digits)
    {
        foreach (byte digit in digits)
        {
            if (!char.IsAsciiHexDigit((char)digit))
            {
                return false;
            }
        }

        return true;
    }
}
