using System.Text;

namespace LlmProxy.Benchmarks.Tokens;

/// <summary>A megabyte of each kind of text: what people write, and what somebody sends who wants to keep us busy.</summary>
internal static class TokenTexts
{
    private const int Size = 1 << 20;

    private static readonly string[] Chinese = ["今天", "的", "天气", "很好", "，", "我们", "一起", "去", "港口", "看", "渡轮", "。", "船长", "说", "：", "明天", "有", "大风", "！", "请", "提前", "购买", "车票", "\n"];

    public static IEnumerable<(string Name, byte[] Text)> All() =>
    [
        ("English", OfFiles("*.md")),
        ("code", OfFiles("*.cs")),
        ("Chinese", Mixed(Chinese)),
        ("random letters", Mixed([.. Enumerable.Range('a', 26).Select(c => ((char)c).ToString())])),
        ("one letter", Encoding.UTF8.GetBytes(new string('a', Size))),
        ("two letters by turns", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("ab", Size / 2)))),
        ("blanks", Encoding.UTF8.GetBytes(new string(' ', Size))),
        ("one sign", Encoding.UTF8.GetBytes(new string('~', Size))),
    ];

    private static byte[] OfFiles(string pattern)
    {
        var text = new StringBuilder(Size + 65536);
        string[] files = [.. Directory.EnumerateFiles(Repository.Root, pattern, SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal) && !file.Contains("/node_modules/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        for (int i = 0; text.Length < Size; i++)
        {
            text.Append(File.ReadAllText(files[i % files.Length]));
        }

        return Encoding.UTF8.GetBytes(text.ToString(0, Size));
    }

    private static byte[] Mixed(string[] words)
    {
        var random = new Random(1);
        var text = new StringBuilder(Size);
        for (int bytes = 0; bytes < Size;)
        {
            string word = words[random.Next(words.Length)];
            text.Append(word);
            bytes += Encoding.UTF8.GetByteCount(word);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
