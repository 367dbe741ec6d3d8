using System.Buffers;

namespace LlmProxy.Providers.Dummy;

/// <summary>Words and their hashes, the same in every process.</summary>
internal static class DummyWords
{
    public static readonly SearchValues<char> Separators = SearchValues.Create(" \t\r\n.,;:!?()[]{}\"'<>/\\|");

    /// <summary>FNV-1a over the letters without regard to case.</summary>
    public static ulong Hash(ReadOnlySpan<char> word)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in word)
        {
            hash = (hash ^ char.ToLowerInvariant(c)) * 1099511628211;
        }

        return hash;
    }

    /// <summary>SplitMix64: a long row of numbers from one.</summary>
    public static ulong Next(ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
        return state ^ (state >> 31);
    }

    public static HashSet<ulong> Of(string text)
    {
        var words = new HashSet<ulong>();
        foreach (Range range in text.AsSpan().SplitAny(Separators))
        {
            if (!text.AsSpan()[range].IsEmpty)
            {
                words.Add(Hash(text.AsSpan()[range]));
            }
        }

        return words;
    }
}
