using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Forwarding;
using LlmProxy.Wire;

namespace LlmProxy.Guards;

/// <summary>Puts values back where an answer has their placeholders, spelt as the place demands.</summary>
internal sealed class Restorer(Placeholders names)
{
    public Placeholders Names => names;

    /// <summary>A whole JSON text. False, with nothing written, where there is nothing to restore.</summary>
    public bool Restore(ReadOnlySpan<byte> json, PooledWriter output)
    {
        if (!json.Contains((byte)'['))
        {
            return false;
        }

        int written = output.Length;
        int from = 0;
        bool isArguments = false;
        try
        {
            var reader = new Utf8JsonReader(json, JsonMembers.ReaderOptions);
            while (reader.Read())
            {
                if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String))
                {
                    continue;
                }

                bool isName = reader.TokenType == JsonTokenType.PropertyName;
                if (MayHold(reader.ValueSpan))
                {
                    int start = (int)reader.TokenStartIndex + 1;
                    int length = reader.ValueSpan.Length;
                    output.Write(json[from..start]);
                    RestoreText(reader.ValueSpan, !isName && isArguments, mayGoOn: false, output);
                    from = start + length;
                }

                if (isName)
                {
                    isArguments = IsArguments(reader);
                }
            }
        }
        catch (JsonException)
        {
            // Not for us to judge; the rest goes out as it came.
        }

        if (from == 0)
        {
            return false;
        }

        output.Write(json[from..]);
        return output.Length > written;
    }

    public static bool IsArguments(in Utf8JsonReader name) => name.ValueTextEquals("arguments"u8) || name.ValueTextEquals("partial_json"u8);

    /// <summary>
    /// The inside of one string. With <paramref name="mayGoOn"/> the bytes at the end that a placeholder may go on from are
    /// not written: their number is given back.
    /// </summary>
    public int RestoreText(ReadOnlySpan<byte> escaped, bool isNested, bool mayGoOn, IBufferWriter<byte> output)
    {
        byte[]? plain = null;
        if (escaped.IndexOf("\\u005"u8) >= 0)
        {
            escaped = plain = Respelt(escaped);
        }

        isNested = isNested || (!mayGoOn && IsJsonAgain(escaped));
        int from = 0;
        for (int at = 0; at < escaped.Length;)
        {
            int bracket = escaped[at..].IndexOf((byte)'[');
            if (bracket < 0)
            {
                break;
            }

            at += bracket;
            if (names.At(escaped[at..], out int length) is { } masked)
            {
                output.Write(escaped[from..at]);
                output.Write(masked.Escaped(isNested));
                at += length;
                from = at;
            }
            else if (mayGoOn && names.MayBegin(escaped[at..]))
            {
                output.Write(escaped[from..at]);
                return escaped.Length - at;
            }
            else
            {
                at++;
            }
        }

        output.Write(escaped[from..]);
        return 0;
    }

    public static bool MayHold(ReadOnlySpan<byte> escaped) => escaped.Contains((byte)'[') || escaped.IndexOf("\\u005"u8) >= 0;

    /// <summary>A vendor may spell "[" as \u005b.</summary>
    private static byte[] Respelt(ReadOnlySpan<byte> escaped)
    {
        char[] text = EscapedPieces.Decode(escaped, out int length);
        byte[] again = EscapedPieces.Escape(text.AsSpan(0, length));
        ArrayPool<char>.Shared.Return(text, clearArray: true);
        return again;
    }

    /// <summary>An answer in JSON, or arguments under a name that nobody has told us.</summary>
    private static bool IsJsonAgain(ReadOnlySpan<byte> escaped)
    {
        if (escaped.Trim(" "u8) is not ([(byte)'{', .., (byte)'}'] or [(byte)'[', .., (byte)']']) || !escaped.Contains((byte)'"'))
        {
            return false;
        }

        char[] text = EscapedPieces.Decode(escaped, out int length);
        bool isJson = TextPlaces.LooksLikeJson(text.AsSpan(0, length)) && TextPlaces.IsJson(Encoding.UTF8.GetBytes(text, 0, length));
        ArrayPool<char>.Shared.Return(text, clearArray: true);
        return isJson;
    }
}
