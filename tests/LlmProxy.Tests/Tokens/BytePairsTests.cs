using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Tokens;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Tokens;

public sealed class BytePairsTests
{
    /// <summary>Pairs that the reference implementation made (KnownTokens/make-known-tokens.mjs says how).</summary>
    [Fact]
    public void Encodings_KnownTexts_HaveTheTokensOfTheReference()
    {
        var wrong = new StringBuilder();
        int texts = 0;
        foreach (string line in File.ReadLines(KnownTokens()))
        {
            texts++;
            (JsonText text, List<int> o200k, List<int> cl100k) = Read(Encoding.UTF8.GetBytes(line));
            byte[] utf8 = new byte[text.Escaped.Length];
            int length = JsonUnescape.Write(text.Escaped, utf8);
            Compare(BytePairs.O200k, utf8.AsSpan(0, length), o200k, line, wrong);
            Compare(BytePairs.Cl100k, utf8.AsSpan(0, length), cl100k, line, wrong);
        }

        Assert.True(texts > 400);
        Assert.True(wrong.Length == 0, wrong.ToString());
    }

    [Theory]
    [InlineData(100)]
    [InlineData(1_000)]
    [InlineData(70_000)]
    public void Encodings_EveryText_IsWhatItsTokensSpell(int length)
    {
        var random = new Random(7);
        string text = string.Concat(Enumerable.Range(0, length).Select(_ => (random.Next(6)) switch
        {
            0 => " ",
            1 => "\n",
            2 => char.ConvertFromUtf32(random.Next(0x3000, 0xD7FF)),
            3 => char.ConvertFromUtf32(random.Next(0x1F300, 0x1F6FF)),
            _ => ((char)random.Next('A', 'z')).ToString(),
        }));
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        foreach (BytePairs pairs in (BytePairs[])[BytePairs.O200k, BytePairs.Cl100k])
        {
            List<int> tokens = pairs.Encode(utf8);
            Assert.Equal(tokens.Count, pairs.Count(utf8));
            Assert.Equal(text, pairs.Decode(tokens));
            Assert.All(tokens, token => Assert.True(pairs.Has(token)));
        }
    }

    /// <summary>Long pieces are merged another way than short ones; the numbers are the reference's.</summary>
    [Theory]
    [InlineData("a", 200_000, 25_000, 25_000)]
    [InlineData("q", 30_000, 15_000, 15_000)]
    [InlineData("ab", 50_000, 25_000, 50_000)]
    [InlineData("漢", 30_000, 30_000, 60_000)]
    public void Encodings_OneLongWord_IsCountedExactly(string letters, int times, long o200k, long cl100k)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(letters, times)));
        Assert.Equal(o200k, BytePairs.O200k.Count(utf8));
        Assert.Equal(cl100k, BytePairs.Cl100k.Count(utf8));
    }

    [Fact]
    public void Encodings_BytesThatAreNoText_AreCountedAllTheSame()
    {
        byte[] junk = new byte[100_000];
        new Random(3).NextBytes(junk);
        foreach (BytePairs pairs in (BytePairs[])[BytePairs.O200k, BytePairs.Cl100k])
        {
            Assert.InRange(pairs.Count(junk), 30_000, 100_000);
            Assert.Equal(1, pairs.Count([0xFF]));
        }
    }

    /// <summary>A word longer than what is merged at once: memory has a bound, and the count is right but for the cuts.</summary>
    [Fact]
    public void Encodings_WordLongerThanAnyBuffer_IsCountedInParts()
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(new string('a', 1_100_000));
        Assert.InRange(BytePairs.O200k.Count(utf8), 137_500, 137_501);
    }

    [Fact]
    public void Encodings_CountingText_AllocatesNothingWorthMentioning()
    {
        byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("The quick harbour pilot's 1,234 gulls naïvely flew over Straßenlärm; 東京タワー. ", 2_000)));
        byte[] hostile = Encoding.UTF8.GetBytes(new string('q', 200_000));
        long expected = BytePairs.O200k.Count(text) + BytePairs.O200k.Count(hostile); // Loads the table and fills the pools.

        long before = GC.GetAllocatedBytesForCurrentThread();
        long counted = BytePairs.O200k.Count(text) + BytePairs.O200k.Count(hostile);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(expected, counted);
        Assert.InRange(allocated, 0, 512);
    }

    private static void Compare(BytePairs pairs, ReadOnlySpan<byte> utf8, List<int> expected, string line, StringBuilder wrong)
    {
        List<int> tokens = pairs.Encode(utf8);
        if (!tokens.SequenceEqual(expected) || pairs.Count(utf8) != expected.Count || pairs.Decode(expected) != Encoding.UTF8.GetString(utf8))
        {
            wrong.AppendLine($"{pairs.Name}: {string.Join(',', tokens)} for {line}");
        }
    }

    private static (JsonText Text, List<int> O200k, List<int> Cl100k) Read(byte[] line)
    {
        JsonText text = default;
        var tokens = new List<List<int>>();
        var members = new JsonWalk(line);
        while (members.Next())
        {
            if (members.Is("text"u8))
            {
                text = new JsonText(members.Value);
                continue;
            }

            tokens.Add(JsonSerializer.Deserialize<List<int>>(members.Value.Span)!);
        }

        return (text, tokens[0], tokens[1]);
    }

    private static string KnownTokens() =>
        Environment.GetEnvironmentVariable("LLMPROXY_KNOWN_TOKENS") ?? Path.Combine(AppContext.BaseDirectory, "Tokens", "KnownTokens", "known-tokens.jsonl");
}
