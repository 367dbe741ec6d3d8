namespace LlmProxy.Routing;

/// <summary>How fast one LLM has been lately: time to its first output and time per token after it, newer calls weighing more.</summary>
internal sealed class LatencyMeter
{
    /// <summary>Decayed time to the first output, or to the whole plain answer; 0 until measured.</summary>
    public double FirstOutputMs { get; private set; }

    public void Measured(double elapsedMs) => FirstOutputMs = FirstOutputMs == 0 ? elapsedMs : (FirstOutputMs * 0.8) + (elapsedMs * 0.2);
}
