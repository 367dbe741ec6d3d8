namespace LlmProxy.Configuration.Binding;

/// <summary>What somebody probably meant.</summary>
internal static class Nearest
{
    /// <summary>"; did you mean X?", or nothing when no candidate is near.</summary>
    public static string Hint(string written, IEnumerable<string> candidates) =>
        To(written, candidates) is { } near ? $"; did you mean {near}?" : "";

    public static string? To(string written, IEnumerable<string> candidates)
    {
        string? best = null;
        // Never as many edits as there are letters: that would be another word.
        int bestDistance = Math.Min(written.Length, 1 + Math.Clamp(written.Length / 3, 1, 3));
        foreach (string candidate in candidates)
        {
            int distance = Distance(Plain(written), Plain(candidate));
            if (distance < bestDistance)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        return best;
    }

    /// <summary>"snake_case", "kebab-case" and "PascalCase" are one name.</summary>
    private static string Plain(string name) =>
        name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>Edits between the two, a swap of neighbours being one.</summary>
    private static int Distance(string a, string b)
    {
        int[] beforeLast = new int[b.Length + 1];
        int[] last = new int[b.Length + 1];
        int[] row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
        {
            last[j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = a[i - 1] == b[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(last[j] + 1, row[j - 1] + 1), last[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }

            (beforeLast, last, row) = (last, row, beforeLast);
        }

        return last[b.Length];
    }
}
