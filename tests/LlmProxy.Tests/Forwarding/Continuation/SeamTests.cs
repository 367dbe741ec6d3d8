using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Forwarding.Continuation;

namespace LlmProxy.Tests.Forwarding.Continuation;

public sealed class SeamTests
{
    /// <summary>Characters of one to four bytes, white space of each kind, escapes, words that repeat.</summary>
    private const string Text = "Grüße, 日本!\n\n  \"Zitat\" \\n ist kein Umbruch\t– und 👩‍🚀 fliegt. Und Und Und\r\nEnde  ";

    private static readonly Encoding Utf8 = new UTF8Encoding(false);

    /// <summary>The ways in which vendors spell the same string.</summary>
    public static TheoryData<string> Spellings => ["raw", "escaped", "mixed"];

    [Theory]
    [MemberData(nameof(Spellings))]
    public void Seam_CutAtEveryCharacter_JoinsToTheWholeText(string spelling)
    {
        foreach ((string had, BrokenText broken) in Cuts())
        {
            string rest = Text[broken.Sent.Length..]; // What a vendor that honours the beginning says: with the space it was not given.
            Assert.Equal(Text, had + Join(new Seam(broken.Sent, broken.Space, mayRepeat: false), rest, spelling));
        }
    }

    [Theory]
    [MemberData(nameof(Spellings))]
    public void Seam_BeginningIsRepeated_IsTakenOffExactly(string spelling)
    {
        foreach ((string had, BrokenText broken) in Cuts())
        {
            Assert.Equal(Text, had + Join(new Seam(broken.Sent, broken.Space, mayRepeat: true), Text, spelling));
        }
    }

    [Theory]
    [MemberData(nameof(Spellings))]
    public void Seam_BeginningIsNotRepeatedThoughItMightBe_NothingIsLost(string spelling)
    {
        foreach ((string had, BrokenText broken) in Cuts())
        {
            string rest = Text[broken.Sent.Length..];
            if (!rest.StartsWith(broken.Sent, StringComparison.Ordinal))
            {
                Assert.Equal(Text, had + Join(new Seam(broken.Sent, broken.Space, mayRepeat: true), rest, spelling));
            }
        }
    }

    [Theory]
    [InlineData("one two", " ", " three", "three")]
    [InlineData("one two", " ", "three", "three")]
    [InlineData("one two", "\n\n", "\nthree", "three")]
    [InlineData("one two", " ", "\nthree", "\nthree")]
    [InlineData("one two", "\n", "\n\nthree", "\nthree")]
    [InlineData("one two", "", " three", " three")]
    [InlineData("one two", " ", "one two three", "three")]
    [InlineData("one two", " ", "one two  three", " three")]
    [InlineData("one two", " ", "one twin", "one twin")]
    [InlineData("one two", "", "one", "one")] // It ended there: no repetition of the whole.
    [InlineData("one two", "", "one two", "")]
    public void Seam_ContinuationBegins_OnlyWhatTheClientHasIsTakenOff(string sent, string space, string continuation, string expected)
    {
        Assert.Equal(expected, Join(new Seam(sent, space, mayRepeat: true), continuation, "raw"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("smile \\ud83d")]
    [InlineData("\\ude00 smile")]
    public void BrokenText_NobodyCanGoOnFromIt_IsNull(string escaped)
    {
        Assert.Null(BrokenText.Of(Utf8.GetBytes(escaped)));
    }

    [Fact]
    public void BrokenText_OfEscapes_IsTheTextTheyMean()
    {
        BrokenText broken = BrokenText.Of("a\\\"b\\\\n\\/ \\u00fc \\ud83d\\ude00 \\n\\t "u8)!;

        Assert.Equal("a\"b\\n/ ü 😀", broken.Sent);
        Assert.Equal(" \n\t ", broken.Space);
        Assert.Equal(15, broken.Chars);
        Assert.Equal("a\"b\\n/ ü 😀", broken.AddTo(new ChatRequest(), "gpt-4o").Messages[^1].Parts[0].Text.ToString());
    }

    /// <summary>Every place at which a client can have got a part of the text, but for the ones within a character.</summary>
    private static IEnumerable<(string Had, BrokenText Broken)> Cuts()
    {
        int cuts = 0;
        for (int at = 1; at < Text.Length; at++)
        {
            if (BrokenText.Of(Escape(Text[..at], "mixed")) is { } broken)
            {
                Assert.Equal(Text[..at], broken.Sent + broken.Space);
                cuts++;
                yield return (Text[..at], broken);
            }
        }

        Assert.InRange(cuts, Text.Length - 8, Text.Length);
    }

    /// <summary>Fed as a whole, and in pieces of each small size.</summary>
    private static string Join(Seam whole, string continuation, string spelling)
    {
        byte[] escaped = Escape(continuation, spelling);
        return Decode([.. whole.Take(escaped).ToArray(), .. whole.Finish().ToArray()]);
    }

    [Theory]
    [MemberData(nameof(Spellings))]
    public void Seam_PiecesOfEverySize_MakeNoDifference(string spelling)
    {
        const string sent = "Grüße, 日本! 👩‍🚀";
        foreach (string continuation in new[] { sent + " \nfliegt", " \nfliegt", "Grüße, 日本! 👩 war", "Grüße" })
        {
            string expected = Join(new Seam(sent, " ", mayRepeat: true), continuation, spelling);
            for (int size = 1; size <= 9; size++)
            {
                var seam = new Seam(sent, " ", mayRepeat: true);
                List<byte> told = [];
                for (int at = 0; at < continuation.Length; at += size)
                {
                    told.AddRange(seam.Take(EscapeHalves(continuation.AsSpan(at, Math.Min(size, continuation.Length - at)), spelling)));
                }

                told.AddRange(seam.Finish());
                Assert.Equal(expected, Decode([.. told]));
            }
        }
    }

    private static byte[] Escape(string text, string spelling) => EscapeHalves(text, spelling);

    /// <summary>A piece may end within a surrogate pair: JSON then spells the halves.</summary>
    private static byte[] EscapeHalves(ReadOnlySpan<char> text, string spelling)
    {
        var escaped = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            bool isHalf = char.IsSurrogate(c) && !(char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]));
            bool spells = spelling == "escaped" || (spelling == "mixed" && i % 2 == 0);
            if (c is '"' or '\\' or '\n' or '\r' or '\t')
            {
                escaped.Append(spells && c == '\n' ? "\\u000a" : "\\" + c switch { '\n' => 'n', '\r' => 'r', '\t' => 't', _ => c });
            }
            else if (isHalf || (spells && c > 0x7f && !char.IsSurrogate(c)) || (spelling == "escaped" && char.IsSurrogate(c)))
            {
                escaped.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
            else
            {
                escaped.Append(c);
                if (char.IsHighSurrogate(c))
                {
                    escaped.Append(text[++i]);
                }
            }
        }

        return Utf8.GetBytes(escaped.ToString());
    }

    private static string Decode(byte[] escaped)
    {
        string byOurs = EscapedChars.Decode(escaped);
        string byJson = JsonSerializer.Deserialize<string>((byte[])[(byte)'"', .. escaped, (byte)'"'])!;
        Assert.Equal(byJson, byOurs);
        return byOurs;
    }
}
