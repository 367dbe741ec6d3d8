namespace LlmProxy.Benchmarks.Cells;

/// <summary>All cells, in the order of the table. A new one is a class and a line here.</summary>
internal static class Catalogue
{
    public static IReadOnlyList<Cell> All { get; } =
    [
        new PlainCell(),
        new LargeBodyCell(),
        new PacedStreamCell(),
        new BurstCell(),
        new TranslatedStreamCell(),
        new TranslatedBurstCell(),
        new FirstTokenCell(),
        new CacheHitCell(),
        new ManyKeysCell(),
        new RedisCell(),
        new MemoryCell(),
        new StartCell(),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(c => c.Name)];
}
