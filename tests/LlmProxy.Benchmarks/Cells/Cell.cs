using LlmProxy.Benchmarks.Report;
using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>One thing that is measured: a line of the table.</summary>
internal abstract class Cell
{
    /// <summary>The name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>The name in the table.</summary>
    public abstract string Title { get; }

    public abstract Task<CellResult> RunAsync(Bench bench, CancellationToken ct);
}
