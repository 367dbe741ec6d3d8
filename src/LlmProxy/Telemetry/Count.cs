namespace LlmProxy.Telemetry;

/// <summary>A whole number that only grows.</summary>
internal sealed class Count
{
    private long _value;

    public long Value => Volatile.Read(ref _value);

    public void Add(long more)
    {
        if (more > 0)
        {
            Interlocked.Add(ref _value, more);
        }
    }
}

/// <summary>An amount that only grows.</summary>
internal sealed class Sum
{
    private double _value;

    public double Value => Volatile.Read(ref _value);

    public void Add(double more)
    {
        double seen = Volatile.Read(ref _value);
        double met;
        while ((met = Interlocked.CompareExchange(ref _value, seen + more, seen)) != seen)
        {
            seen = met;
        }
    }
}
