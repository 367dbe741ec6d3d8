namespace LlmProxy.Benchmarks.Report;

/// <summary>Puts the tables into the documentation page, between its two marks.</summary>
internal static class DocsPage
{
    private const string Begin = "<!-- benchmark tables: begin -->";
    private const string End = "<!-- benchmark tables: end -->";

    public static void Update(string path, string tables)
    {
        string page = File.Exists(path) ? File.ReadAllText(path) : $"# Benchmarks\n\n{Begin}\n{End}\n";
        int begin = page.IndexOf(Begin, StringComparison.Ordinal);
        int end = page.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            throw new FormatException($"{path} has no marks for the tables: {Begin} and {End}");
        }
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, $"{page[..(begin + Begin.Length)]}\n{tables}{page[end..]}");
    }
}
