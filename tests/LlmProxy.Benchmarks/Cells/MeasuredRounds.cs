using LlmProxy.Benchmarks.Report;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>All rounds of a cell: what each contender did in each of them.</summary>
internal sealed class MeasuredRounds
{
    // A round in which others used more of the machine than this says little.
    private const double NoisyShare = 0.10;
    private const int FewestRounds = 3;

    private readonly List<Dictionary<string, MeasuredWindow>> _rounds = [];

    public void Add(Dictionary<string, MeasuredWindow> round) => _rounds.Add(round);

    /// <summary>A value of one contender in every round that counts and in which its window was sound.</summary>
    public Quartiles Of(string contender, Func<MeasuredWindow, double> value) =>
        Quartiles.Of(Counting().Where(r => IsSound(r, contender)).Select(r => value(r[contender])));

    /// <summary>Compares a contender with the base within each round, then takes the middle.</summary>
    public Quartiles Compare(string contender, string baseline, Func<MeasuredWindow, MeasuredWindow, double> compare) =>
        Quartiles.Of(Counting().Where(r => IsSound(r, contender) && IsSound(r, baseline)).Select(r => compare(r[contender], r[baseline])));

    /// <summary>The quiet rounds; all of them when too few were quiet.</summary>
    private List<Dictionary<string, MeasuredWindow>> Counting()
    {
        List<Dictionary<string, MeasuredWindow>> quiet = [.. _rounds.Where(r => !IsNoisy(r))];
        return quiet.Count >= FewestRounds ? quiet : _rounds;
    }

    public string Remarks()
    {
        List<string> remarks = [$"{Counting().Count} of {_rounds.Count} rounds count"];
        if (Counting().Any(IsNoisy))
        {
            remarks.Add("the machine was not quiet");
        }
        int faulty = _rounds.Sum(r => r.Values.Count(w => w.Window.Fault is not null));
        if (faulty > 0)
        {
            remarks.Add($"{faulty} windows void for errors");
        }
        return string.Join("; ", remarks);
    }

    private static bool IsSound(Dictionary<string, MeasuredWindow> round, string contender) =>
        round.TryGetValue(contender, out MeasuredWindow? measured) && measured.Window.Fault is null && measured.Window.Calls + measured.Window.Frames > 0;

    private static bool IsNoisy(Dictionary<string, MeasuredWindow> round) =>
        round.Values.Any(w => w.Window.OutsideShare > NoisyShare || w.Window.StolenShare > NoisyShare);
}
