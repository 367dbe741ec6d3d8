using LlmProxy.Pipeline;

namespace LlmProxy.Limits;

internal enum ShortageKind
{
    None,
    Parallel,
    Rate,
}

/// <summary>A limit that is reached, and when it has room again as far as the clock alone decides.</summary>
internal readonly record struct Shortage(ShortageKind Kind, int Limit, TimeSpan Wait)
{
    /// <summary>What kind of holder is full: "key", "workspace", "LLM"; null: the gateway itself.</summary>
    public string? Owner { get; init; }

    public string? Name { get; init; }

    public bool IsNone => Kind == ShortageKind.None;

    /// <summary>The one that holds a call back longer; a rate goes before a parallel limit, whose room may come at any moment.</summary>
    public Shortage Or(Shortage other) =>
        other.Kind > Kind || (other.Kind == Kind && other.Wait > Wait) ? other : this;

    public GatewayError ToError()
    {
        string who = Owner is null ? "this gateway" : $"{Owner} '{Name}'";
        if (Kind == ShortageKind.Parallel)
        {
            return new GatewayError(
                ErrorCode.TooManyParallelRequests,
                $"Too many calls at once: {who} already has {Limit} running, as many as it may. Try again when one of them has ended.");
        }

        // Whole seconds, upwards: the header has no smaller unit, and an early retry would be refused again.
        long seconds = (long)Math.Ceiling(Wait.TotalSeconds);
        return new GatewayError(
            ErrorCode.RateLimitExceeded,
            $"Rate limit reached: {who} may start {Limit} requests per minute. The next one has room in {seconds} s.")
        {
            RetryAfter = TimeSpan.FromSeconds(seconds),
        };
    }
}
