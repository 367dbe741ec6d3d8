namespace LlmProxy.Routing;

/// <summary>
/// How fast one LLM has been lately: time to its first output, time per token after it, and how often it failed. Newer
/// calls weigh more; an estimate that nobody has confirmed for a while fades to the best that was seen, so that an LLM
/// which was slow once is given another chance. Written under a small lock, read without one.
/// </summary>
internal sealed class LatencyMeter(TimeProvider time)
{
    /// <summary>An estimate this old has faded away.</summary>
    public static readonly TimeSpan Fades = TimeSpan.FromSeconds(30);

    /// <summary>A failed call counts as one that took so long.</summary>
    public const double FailureMs = 10_000;

    private const double LeastWeight = 0.3;
    private const double MostMs = 600_000;
    private static readonly TimeSpan Replaces = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan BestForgets = TimeSpan.FromHours(1);
    private static readonly TimeSpan ForgetsEvery = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly double _fade = 1 / (Fades.TotalSeconds * time.TimestampFrequency);
    private double _firstMs;
    private double _bestFirstMs;
    private double _tokenMs;
    private double _bestTokenMs;
    private double _penaltyMs;
    private long _at;
    private long _forgotAt;
    private bool _isTouched;

    /// <summary>Lately measured time to the first output, or to the whole plain answer; 0 until measured.</summary>
    public double FirstOutputMs => Volatile.Read(ref _firstMs);

    /// <summary>Lately measured time per token behind the first; 0 until measured.</summary>
    public double MsPerToken => Volatile.Read(ref _tokenMs);

    public bool IsMeasured => FirstOutputMs > 0;

    /// <summary>An answer came. Of a plain one both times are the same, and its tokens are part of them.</summary>
    public void Measured(double firstOutputMs, double totalMs = 0, long outputTokens = 0)
    {
        lock (_gate)
        {
            (double weight, double forgets) = Turn_NeedsLock();
            double tokensMs = totalMs - firstOutputMs;
            if (tokensMs > 0 && outputTokens > 1)
            {
                Mix(ref _tokenMs, ref _bestTokenMs, tokensMs / (outputTokens - 1), weight, forgets);
            }
            else if (outputTokens > 1 && _tokenMs > 0)
            {
                // A whole answer: what its tokens took as fast as they come in streams is no waiting for the first.
                firstOutputMs = Math.Max(firstOutputMs * 0.1, firstOutputMs - (_tokenMs * outputTokens));
            }

            Mix(ref _firstMs, ref _bestFirstMs, Math.Clamp(firstOutputMs, 0.01, MostMs), weight, forgets);
            Volatile.Write(ref _penaltyMs, _penaltyMs * (1 - weight));
        }
    }

    /// <summary>The client left before any output: it would have taken at least so long.</summary>
    public void Waited(double elapsedMs)
    {
        if (elapsedMs > FirstOutputMs && elapsedMs > 1000)
        {
            Measured(elapsedMs);
        }
    }

    /// <summary>It failed in a way that says something about it: it counts as slow until calls succeed or time goes by.</summary>
    public void Failed(double elapsedMs)
    {
        lock (_gate)
        {
            (double weight, _) = Turn_NeedsLock();
            double cost = Math.Clamp(elapsedMs, FailureMs, MostMs);
            Volatile.Write(ref _penaltyMs, _penaltyMs + ((cost - _penaltyMs) * weight));
        }
    }

    /// <summary>The time to the first output to reckon with now, failures included.</summary>
    public double ExpectedFirstMs(double typicalMs, long now)
    {
        if (!Volatile.Read(ref _isTouched))
        {
            return typicalMs;
        }

        double left = Left(now);
        double first = Volatile.Read(ref _firstMs);
        double best = Volatile.Read(ref _bestFirstMs);
        return (first > 0 ? best + ((first - best) * left) : typicalMs) + (Volatile.Read(ref _penaltyMs) * left);
    }

    /// <summary>The time per token to reckon with now; 0 when none was measured.</summary>
    public double ExpectedTokenMs(long now)
    {
        double pace = Volatile.Read(ref _tokenMs);
        if (pace == 0)
        {
            return 0;
        }

        double best = Volatile.Read(ref _bestTokenMs);
        return best + ((pace - best) * Left(now));
    }

    /// <summary>How long nobody has heard of it; endless before the first call.</summary>
    public TimeSpan Silence(long now) => Volatile.Read(ref _isTouched) ? time.GetElapsedTime(Volatile.Read(ref _at), now) : TimeSpan.MaxValue;

    private double Left(long now) => Math.Clamp(1 - ((now - Volatile.Read(ref _at)) * _fade), 0, 1);

    /// <summary>What a new call weighs against what is known, which fades, and how much of the best seen is forgotten.</summary>
    private (double Weight, double Forgets) Turn_NeedsLock()
    {
        long now = time.GetTimestamp();
        TimeSpan age = _isTouched ? time.GetElapsedTime(_at, now) : TimeSpan.Zero;
        TimeSpan kept = _isTouched ? time.GetElapsedTime(_forgotAt, now) : TimeSpan.Zero;
        bool forgets = kept >= ForgetsEvery;
        _forgotAt = forgets || !_isTouched ? now : _forgotAt;
        Volatile.Write(ref _at, now);
        Volatile.Write(ref _isTouched, true);
        return (Math.Clamp(age / Replaces, LeastWeight, 1), forgets ? Math.Clamp(kept / BestForgets, 0, 1) : 0);
    }

    private static void Mix(ref double value, ref double best, double sample, double weight, double forgets)
    {
        double mixed = value == 0 ? sample : value + ((sample - value) * weight);
        // In proportion, not in milliseconds: a slow spell of minutes must not wipe out what an LLM can do.
        Volatile.Write(ref best, best == 0 || mixed <= best ? mixed : forgets == 0 ? best : best * Math.Pow(mixed / best, forgets));
        Volatile.Write(ref value, mixed);
    }
}
