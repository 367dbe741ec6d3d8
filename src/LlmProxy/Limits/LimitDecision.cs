using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Limits;

/// <summary>May it, now: a reservation to give back, or the refusal; and what is left of the tightest limit.</summary>
internal readonly record struct LimitDecision(Hold Hold, GatewayError? Refusal, RateReport Rate)
{
    public static readonly LimitDecision Unlimited = new(Hold.None, null, default);

    public bool IsAdmitted => Refusal is null;

    /// <summary>What is left of the tightest limit of tokens.</summary>
    public RateReport Tokens { get; init; }

    /// <summary>The LLM whose place among all replicas is part of the hold; null: none.</summary>
    public string? HeldLlm { get; init; }

    /// <summary>How long the call stood in the queue.</summary>
    public long WaitedMs { get; init; }
}

/// <summary>The values behind x-ratelimit-*-requests, or -tokens; empty where no such limit applies.</summary>
internal readonly record struct RateReport(long Limit, long Remaining, TimeSpan Reset)
{
    public bool IsEmpty => Limit == 0;

    /// <summary>Of two limits the one that will refuse first.</summary>
    public RateReport Tighter(RateReport other) =>
        IsEmpty || (!other.IsEmpty && (other.Remaining, other.Limit).CompareTo((Remaining, Limit)) < 0) ? other : this;

    /// <summary>The time until the whole limit is there again as OpenAI writes it: 6m0s, 1.5s, 120ms.</summary>
    public string ResetText
    {
        get
        {
            long ms = (long)Math.Ceiling(Reset.TotalMilliseconds);
            if (ms < 1000)
            {
                return ms <= 0 ? "0s" : $"{ms}ms";
            }

            string seconds = ms % 1000 == 0 ? $"{ms / 1000 % 60}s" : NumberText.Scaled(ms % 60_000, 3) + "s";
            long minutes = ms / 60_000;
            return minutes switch
            {
                0 => seconds,
                < 60 => $"{minutes}m{seconds}",
                _ => $"{minutes / 60}h{minutes % 60}m{seconds}",
            };
        }
    }
}
