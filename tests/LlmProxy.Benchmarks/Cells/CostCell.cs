using System.Globalization;
using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Report;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>A cell that compares processor time per call or per chunk.</summary>
internal abstract class CostCell : LoadCell
{
    /// <summary>What the gateway may cost, plain YARP = 1.</summary>
    protected abstract double Target { get; }

    protected virtual bool PerChunk => false;

    protected virtual string Baseline => ContenderNames.Yarp;

    /// <summary>Whose figures stand in the gateway's column.</summary>
    protected virtual string Judged => ContenderNames.Gateway;

    /// <summary>How many of the vendor's events stand behind one frame that the client gets.</summary>
    protected virtual double EventsPerFrame(string contender) => 1;

    protected override CellResult Judge(MeasuredRounds rounds)
    {
        double Cost(MeasuredWindow w, string name) => PerChunk ? w.Window.MicrosecondsPerFrame / EventsPerFrame(name) : w.Window.MicrosecondsPerCall;
        Quartiles Ratio(string name) => rounds.Compare(name, Baseline, (one, yarp) => Cost(one, name) / Cost(yarp, Baseline));
        string InColumn(string name) => name == ContenderNames.Gateway ? Judged : name;
        double judged = Ratio(Judged).Median;
        return new()
        {
            Name = Name,
            Title = Title,
            Relative = ContenderNames.All.ToDictionary(n => n, n => Ratio(InColumn(n)).Text("0.00")),
            Target = string.Create(CultureInfo.InvariantCulture, $"≤ {Target:0.0#}"),
            Met = double.IsNaN(judged) ? null : judged <= Target,
            Unit = PerChunk ? "µs of processor time per chunk" : "µs of processor time per call",
            Absolute = ContenderNames.All.ToDictionary(n => n, n => rounds.Of(InColumn(n), w => Cost(w, n)).Text(PerChunk ? "0.00" : "0.0")),
        };
    }
}
