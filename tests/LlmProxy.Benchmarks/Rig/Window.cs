using System.Diagnostics;
using System.Globalization;
using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Load;

namespace LlmProxy.Benchmarks.Rig;

/// <summary>What one contender used and delivered in one stretch of time.</summary>
internal sealed record Window(
    TimeSpan Processor, long Calls, long Frames, TimeSpan Wall, string? Fault, double OutsideShare, double StolenShare)
{
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(300);

    public double MicrosecondsPerCall => Processor.TotalMicroseconds / Calls;

    public double MicrosecondsPerFrame => Processor.TotalMicroseconds / Frames;

    public string Describe() => Fault is not null
        ? $"void, {Fault}"
        : string.Create(CultureInfo.InvariantCulture,
            $"{Processor.TotalSeconds:0.00} s of processor time, {Calls} calls, {Frames} frames in {Wall.TotalSeconds:0.0} s; others used {OutsideShare:0%} of the machine");

    /// <summary>Lets the load run for a while before anything counts, measures, and stops the load.</summary>
    public static async Task<Window> MeasureAsync(
        Contender contender, LoadLoop load, TimeSpan ramp, TimeSpan length, int upstreamProcess, CancellationToken ct)
    {
        Window window;
        using (load)
        {
            load.RunFor(ramp);
            load.FirstContent?.Clear();
            load.Transit?.Clear();
            Snapshot before = Snapshot.Take(contender, load, upstreamProcess);
            load.RunFor(length);
            window = Snapshot.Take(contender, load, upstreamProcess).Since(before);
        }
        // What the end of the load costs belongs to nobody's window.
        await Task.Delay(Rest, ct);
        return window;
    }

    private sealed record Snapshot(
        long At, TimeSpan Processor, TimeSpan Rig, TimeSpan Busy, TimeSpan Stolen, long Calls, long Frames, string? Fault)
    {
        public static Snapshot Take(Contender contender, LoadLoop load, int upstreamProcess)
        {
            TimeSpan own = contender.ProcessorTime();
            TimeSpan rig = own + ProcFile.ProcessorTime(upstreamProcess) + ProcFile.ProcessorTime(Environment.ProcessId);
            (TimeSpan busy, TimeSpan stolen) = ProcFile.MachineTime();
            return new(Stopwatch.GetTimestamp(), own, rig, busy, stolen, load.Calls, load.Frames,
                load.Errors == 0 ? null : $"{load.Errors} errors, the first: {load.FirstError}");
        }

        public Window Since(Snapshot before)
        {
            TimeSpan wall = Stopwatch.GetElapsedTime(before.At, At);
            TimeSpan machine = wall * Environment.ProcessorCount;
            TimeSpan outside = Busy - before.Busy - (Rig - before.Rig);
            return new(Processor - before.Processor, Calls - before.Calls, Frames - before.Frames, wall, Fault,
                Math.Max(0, outside / machine), (Stolen - before.Stolen) / machine);
        }
    }
}
