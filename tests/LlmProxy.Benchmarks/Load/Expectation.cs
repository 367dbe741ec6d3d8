namespace LlmProxy.Benchmarks.Load;

/// <summary>What every answer of a load must be: frames of a stream, or bytes of a plain answer.</summary>
internal readonly record struct Expectation(long? Bytes, int Frames)
{
    public string? Judge(int status, BodyMeter meter)
    {
        if (status != 200)
        {
            return $"status {status}";
        }
        if (Bytes is { } bytes && meter.Bytes != bytes)
        {
            return $"{meter.Bytes} bytes instead of {bytes}";
        }
        return meter.Frames == Frames ? null : $"{meter.Frames} frames instead of {Frames}";
    }
}
