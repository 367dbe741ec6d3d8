namespace LlmProxy.Configuration.Sources;

/// <summary>Where a value was written: its key, the file or variable, and the line where there is one.</summary>
internal readonly record struct Origin(string Path, string Source = "", int Line = 0)
{
    public Origin Member(string name, int line = 0) =>
        new(Path.Length == 0 ? name : $"{Path}:{name}", Source, line == 0 ? Line : line);

    public Origin Item(int index, int line = 0) => new($"{Path}[{index}]", Source, line == 0 ? Line : line);

    /// <summary>The line an operator reads: key first, place last.</summary>
    public string Say(string what) => (Source.Length, Line) switch
    {
        (0, _) => $"{Path}: {what}",
        (_, 0) => $"{Path}: {what} ({Source})",
        _ => $"{Path}: {what} ({Source}, line {Line})",
    };
}
