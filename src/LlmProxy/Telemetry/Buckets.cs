namespace LlmProxy.Telemetry;

/// <summary>Where the histograms' bars end, in seconds.</summary>
internal static class Buckets
{
    public static readonly double[] Calls = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600];

    public static readonly double[] FirstToken = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120];

    public static readonly double[] Overhead = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
}
