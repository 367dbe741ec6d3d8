using System.Text;

namespace LlmProxy.Tokens;

/// <summary>
/// One of OpenAI's encodings: text to tokens and back. Names of special tokens are text like any other here, as OpenAI
/// counts what users write.
/// </summary>
internal sealed class BytePairs
{
    private readonly Lazy<RankTable> _ranks;
    private readonly bool _isO200k;

    private BytePairs(string name)
    {
        Name = name;
        _isO200k = name == "o200k_base";
        _ranks = new Lazy<RankTable>(() => RankTable.Load(name));
    }

    /// <summary>GPT-4o and all models since.</summary>
    public static BytePairs O200k { get; } = new("o200k_base");

    /// <summary>GPT-4, GPT-3.5 and the embedding models.</summary>
    public static BytePairs Cl100k { get; } = new("cl100k_base");

    public string Name { get; }

    /// <summary>The table is read when it is first needed, which takes some hundredths of a second.</summary>
    private RankTable Ranks => _ranks.Value;

    public long Count(ReadOnlySpan<byte> utf8) => Walk(utf8, null);

    public long Count(string text) => Count(Encoding.UTF8.GetBytes(text));

    public List<int> Encode(ReadOnlySpan<byte> utf8)
    {
        var tokens = new List<int>();
        Walk(utf8, tokens);
        return tokens;
    }

    public bool Has(int token) => token >= 0 && token < Ranks.Count;

    /// <summary>Bytes that make no character, as at the edges of cut texts, become replacement characters.</summary>
    public string Decode(IReadOnlyList<int> tokens)
    {
        var bytes = new List<byte>(tokens.Count * 4);
        foreach (int token in tokens)
        {
            bytes.AddRange(Ranks.BytesOf(token));
        }

        return Encoding.UTF8.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes));
    }

    private long Walk(ReadOnlySpan<byte> utf8, List<int>? tokens)
    {
        RankTable ranks = Ranks;
        long count = 0;
        int start = 0;
        while (start < utf8.Length)
        {
            int end = _isO200k ? TextPieces.EndOfO200k(utf8, start) : TextPieces.EndOfCl100k(utf8, start);
            ReadOnlySpan<byte> piece = utf8[start..end];
            start = end;
            int whole = ranks.RankOf(piece);
            if (whole < 0)
            {
                count += PairMerge.Merge(ranks, piece, tokens);
                continue;
            }

            count++;
            tokens?.Add(whole);
        }

        return count;
    }
}
