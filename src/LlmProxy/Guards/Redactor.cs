using System.Buffers;
using System.Text.Json;
using LlmProxy.Forwarding;
using LlmProxy.Guards.Detectors;
using LlmProxy.Wire;

namespace LlmProxy.Guards;

/// <summary>
/// One pass over a JSON text: every string in it, names and texts that are JSON themselves included, goes through the
/// detectors, and only the bytes of what they find are changed. One instance per call.
/// </summary>
internal sealed class Redactor(RedactionRules rules, Placeholders names)
{
    private const int DeepestText = 4;
    private const int ShortestSeal = 64;

    private readonly Finds _finds = new(rules);

    /// <summary>How often each rule found something.</summary>
    public IReadOnlyList<int> Counts => _finds.Counts;

    /// <summary>The first detector that forbids the call.</summary>
    public Detector? Blocked => _finds.Blocked;

    /// <summary>Writes the text with placeholders; false, with nothing of use written, where nothing is to be masked.</summary>
    public bool Mask(ReadOnlySpan<byte> json, PooledWriter output) => Walk(json, output, isRequest: true, depth: 0) && names.HasValues;

    /// <summary>The same for a text that is not JSON.</summary>
    public string Mask(string text)
    {
        _finds.Look(text);
        if (_finds.Masks.Count == 0)
        {
            return text;
        }

        var masked = new System.Text.StringBuilder();
        int from = 0;
        foreach (Find find in _finds.Masks)
        {
            masked.Append(text, from, find.Start - from).Append(NameOf(text, find));
            from = find.End;
        }

        return masked.Append(text, from, text.Length - from).ToString();
    }

    /// <summary>Whether something is in it that must not go out.</summary>
    public bool Holds(ReadOnlySpan<char> text)
    {
        _finds.Look(text);
        return Blocked is not null || _finds.Masks.Exists(find => rules.All[find.Rule].Detector != rules.Literals);
    }

    /// <summary>The detector of the first find of the text looked at last.</summary>
    public Detector? Found => Blocked ?? (_finds.Masks.Count > 0 ? rules.All[_finds.Masks[0].Rule].Detector : null);

    private bool Walk(ReadOnlySpan<byte> json, PooledWriter output, bool isRequest, int depth)
    {
        var reader = new Utf8JsonReader(json, JsonMembers.ReaderOptions);
        int from = 0;
        bool changed = false;
        bool isKept = false;
        while (reader.Read())
        {
            int start = (int)reader.TokenStartIndex;
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    if (isRequest && reader.CurrentDepth == 1)
                    {
                        if (reader.ValueTextEquals("llm"u8) || reader.ValueTextEquals("model"u8))
                        {
                            reader.Read();
                            reader.Skip(); // Ours, and what no vendor could do without: the model's name is judged on its own.
                        }

                        isKept = false;
                        break;
                    }

                    isKept = MayBeSealed(reader);
                    changed |= MaskString(json, start, reader.ValueSpan, ref from, output, depth);
                    break;
                case JsonTokenType.String when !(isKept && IsSealed(reader.ValueSpan)) && !TextPlaces.IsMedia(reader.ValueSpan):
                    changed |= MaskString(json, start, reader.ValueSpan, ref from, output, depth);
                    break;
                case JsonTokenType.Number when !(isRequest && reader.CurrentDepth == 1) && reader.ValueSpan.Length > 8:
                    changed |= MaskNumber(json, start, reader.ValueSpan, ref from, output);
                    break;
            }
        }

        output.Write(json[from..]);
        return changed;
    }

    private bool MaskString(ReadOnlySpan<byte> json, int tokenStart, ReadOnlySpan<byte> escaped, ref int from, PooledWriter output, int depth)
    {
        char[] decoded = EscapedPieces.Decode(escaped, out int length);
        try
        {
            ReadOnlySpan<char> text = decoded.AsSpan(0, length);
            if (depth < DeepestText && TextPlaces.LooksLikeJson(text) && MaskInner(text, depth) is { } inner)
            {
                using (inner)
                {
                    if (inner.Length == 0)
                    {
                        return false;
                    }

                    output.Write(json[from..(tokenStart + 1)]);
                    output.Write(EscapedPieces.Escape(System.Text.Encoding.UTF8.GetString(inner.Written)));
                    from = tokenStart + 1 + escaped.Length;
                    return true;
                }
            }

            _finds.Look(text);
            (int Byte, int Character) known = default;
            foreach (Find find in _finds.Masks)
            {
                output.Write(json[from..(tokenStart + 1 + EscapedPieces.ByteOf(escaped, find.Start, ref known))]);
                WriteAscii(NameOf(text, find), output);
                from = tokenStart + 1 + EscapedPieces.ByteOf(escaped, find.End, ref known);
            }

            return _finds.Masks.Count > 0;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(decoded, clearArray: true);
        }
    }

    /// <summary>The arguments of a tool call, or a tool's answer: masked as the JSON it is. Empty: nothing found; null: no JSON.</summary>
    private PooledWriter? MaskInner(ReadOnlySpan<char> text, int depth)
    {
        var inner = new PooledWriter();
        try
        {
            byte[] json = new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(text.ToArray());
            if (!TextPlaces.IsJson(json))
            {
                inner.Dispose();
                return null;
            }

            if (!Walk(json, inner, isRequest: false, depth + 1))
            {
                inner.Clear();
            }

            return inner;
        }
        catch (System.Text.EncoderFallbackException)
        {
            inner.Dispose();
            return null;
        }
    }

    private bool MaskNumber(ReadOnlySpan<byte> json, int start, ReadOnlySpan<byte> digits, ref int from, PooledWriter output)
    {
        string text = System.Text.Encoding.ASCII.GetString(digits);
        _finds.Look(text);
        if (_finds.Masks.Count == 0)
        {
            return false;
        }

        output.Write(json[from..start]);
        output.Write("\""u8);
        WriteAscii(names.For(text, rules.All[_finds.Masks[0].Rule].Detector.Label, isLiteral: false), output);
        output.Write("\""u8);
        from = start + digits.Length;
        return true;
    }

    private string NameOf(ReadOnlySpan<char> text, Find find)
    {
        Detector detector = rules.All[find.Rule].Detector;
        return names.For(text[find.Start..find.End], detector.Label, detector == rules.Literals);
    }

    /// <summary>Where vendors put what only they can read; their letters prove nothing.</summary>
    private static bool MayBeSealed(in Utf8JsonReader name) =>
        name.ValueTextEquals("signature"u8) || name.ValueTextEquals("encrypted_content"u8) || name.ValueTextEquals("thought_signature"u8);

    private static bool IsSealed(ReadOnlySpan<byte> text) => text.Length >= ShortestSeal && text.IndexOfAny(" @\\"u8) < 0;

    private static void WriteAscii(string text, PooledWriter output)
    {
        Span<byte> room = output.GetSpan(text.Length);
        output.Advance(System.Text.Encoding.ASCII.GetBytes(text, room));
    }
}
