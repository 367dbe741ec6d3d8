using System.Diagnostics;
using System.Globalization;
using System.Text;
using LlmProxy.Tokens;

namespace LlmProxy.Benchmarks.Tokens;

/// <summary>How fast tokens are counted, and that twice the text takes about twice the time, hostile text included.</summary>
internal static class TokenBench
{
    private const int Rounds = 7;
    private const double MostGrowth = 3;

    /// <summary>0, or 1 when a count grew faster than its text.</summary>
    public static int Run()
    {
        bool isLinear = true;
        Console.WriteLine("| text | encoding | KB | tokens | MB per CPU second | time ×2 text | bytes allocated |");
        Console.WriteLine("|---|---|---:|---:|---:|---:|---:|");
        foreach (BytePairs pairs in (BytePairs[])[BytePairs.O200k, BytePairs.Cl100k])
        {
            long loading = Stopwatch.GetTimestamp();
            pairs.Count("x");
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pairs.Name}: table read in {Stopwatch.GetElapsedTime(loading).TotalMilliseconds:0} ms"));
            foreach ((string name, byte[] text) in TokenTexts.All())
            {
                isLinear &= Measure(name, text, pairs);
            }
        }

        if (!isLinear)
        {
            Console.Error.WriteLine($"A count took more than {MostGrowth} times as long for twice the text.");
        }

        return isLinear ? 0 : 1;
    }

    private static bool Measure(string name, byte[] text, BytePairs pairs)
    {
        byte[] half = text[..CutOf(text, text.Length / 2)];
        (double halfSeconds, _, _) = Time(half, pairs);
        (double seconds, long tokens, long allocated) = Time(text, pairs);
        double growth = seconds / halfSeconds * half.Length * 2 / text.Length;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {pairs.Name} | {text.Length / 1024} | {tokens} | {text.Length / 1e6 / seconds:0.0} | {growth:0.00} | {allocated} |"));
        return growth < MostGrowth;
    }

    /// <summary>The median of several counts in processor time, after some that warm up.</summary>
    private static (double Seconds, long Tokens, long Allocated) Time(byte[] text, BytePairs pairs)
    {
        long tokens = 0;
        for (int i = 0; i < 3; i++)
        {
            tokens = pairs.Count(text);
        }

        double[] seconds = new double[Rounds];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Rounds; i++)
        {
            TimeSpan started = Environment.CpuUsage.TotalTime;
            _ = pairs.Count(text);
            seconds[i] = (Environment.CpuUsage.TotalTime - started).TotalSeconds;
        }

        long allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
        Array.Sort(seconds);
        return (seconds[Rounds / 2], tokens, allocated);
    }

    /// <summary>Not inside a character.</summary>
    private static int CutOf(byte[] text, int at)
    {
        while (at > 0 && (text[at] & 0xC0) == 0x80)
        {
            at--;
        }

        return at;
    }
}
