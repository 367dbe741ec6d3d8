using System.Globalization;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;

namespace LlmProxy.Limits;

internal enum ShortageKind
{
    None,

    /// <summary>As many run as may.</summary>
    Parallel,

    /// <summary>A budget has room for it, but running calls hold that back.</summary>
    BudgetHeld,

    /// <summary>The minute's calls are used up.</summary>
    Requests,

    /// <summary>The minute's tokens are used up.</summary>
    Tokens,

    /// <summary>The call alone asks for more tokens than a whole minute has.</summary>
    TooLarge,

    /// <summary>A budget has no room for it in this period.</summary>
    BudgetSpent,

    /// <summary>Nobody knows what it costs, and a budget in USD applies.</summary>
    Unpriced,
}

/// <summary>A limit that is reached, and when it has room again as far as the clock alone decides (zero: when a call ends).</summary>
internal readonly record struct Shortage(ShortageKind Kind, long Limit, TimeSpan Wait)
{
    public const string OwnerKey = "key";
    public const string OwnerWorkspace = "workspace";
    public const string OwnerUser = "user";
    public const string OwnerLlm = "LLM";

    /// <summary>What kind of holder is full, one of the words above; null: the gateway itself.</summary>
    public string? Owner { get; init; }

    public string? Name { get; init; }

    /// <summary>What the call asked for: tokens, or units of <see cref="Money"/>.</summary>
    public long Asked { get; init; }

    /// <summary>The budget counts money; else tokens.</summary>
    public bool IsMoney { get; init; }

    public bool IsNone => Kind == ShortageKind.None;

    /// <summary>Waiting does not help.</summary>
    public bool IsFinal => Kind >= ShortageKind.TooLarge;

    /// <summary>The word for the metric.</summary>
    public string Reason => Owner == OwnerLlm ? "llm" : Owner == OwnerUser ? "user" : Kind switch
    {
        ShortageKind.Parallel => "parallel",
        ShortageKind.Requests => "requests",
        ShortageKind.Tokens or ShortageKind.TooLarge => "tokens",
        _ => "budget",
    };

    private string Who => Owner is null ? "this gateway" : $"{Owner} '{Name}'";

    // Requests and tokens are both a minute that slides: the longer wait decides.
    private int Rank => Kind switch
    {
        ShortageKind.None => 0,
        ShortageKind.Parallel => 1,
        ShortageKind.BudgetHeld => 2,
        ShortageKind.Requests or ShortageKind.Tokens => 3,
        _ => 4,
    };

    /// <summary>The one that holds a call back longer; a rate goes before what a call that ends may free at any moment.</summary>
    public Shortage Or(Shortage other) =>
        other.Rank > Rank || (other.Rank == Rank && other.Wait > Wait) ? other : this;

    public GatewayError ToError() => Text() with { LimitedBy = Reason };

    private GatewayError Text()
    {
        switch (Kind)
        {
            case ShortageKind.Parallel:
                return new GatewayError(
                    ErrorCode.TooManyParallelRequests,
                    $"Too many calls at once: {Who} already has {Limit} running, as many as it may. Try again when one of them has ended.");
            case ShortageKind.TooLarge:
                return new GatewayError(
                    ErrorCode.RateLimitExceeded,
                    $"The request is too large: with its answer it may take {Asked} tokens, and {Who} may use {Limit} tokens per minute. Shorten it or ask for fewer with max_tokens; waiting does not help.")
                {
                    ShouldRetry = false,
                };
            case ShortageKind.BudgetHeld:
                return new GatewayError(
                    ErrorCode.InsufficientQuota,
                    $"What is left of the budget of {Who} ({Amount(Limit)}) is held back for calls that are running. Some of it may come back when they end.")
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                    ShouldRetry = true,
                };
            case ShortageKind.BudgetSpent:
                return new GatewayError(
                    ErrorCode.InsufficientQuota,
                    $"The budget of {Who} ({Amount(Limit)}) is spent, or has less left than this call may need ({Amount(Asked)}). A smaller max_tokens may still fit; else the operator has to raise it, or its next period has to begin.")
                {
                    ShouldRetry = false,
                };
            case ShortageKind.Unpriced:
                return new GatewayError(
                    ErrorCode.InsufficientQuota,
                    $"{Who} has a budget in USD, and nobody knows what this LLM costs. The operator has to set its prices, or LlmProxy:Limits:Unpriced to allow.")
                {
                    ShouldRetry = false,
                };
            default:
                // Whole seconds, upwards: the header has no smaller unit, and an early retry would be refused again.
                long seconds = Math.Max(1, (long)Math.Ceiling(Wait.TotalSeconds));
                string what = Kind == ShortageKind.Tokens ? $"use {Limit} tokens per minute, and this call may take {Asked}. It" : $"start {Limit} requests per minute. The next one";
                return new GatewayError(ErrorCode.RateLimitExceeded, $"Rate limit reached: {Who} may {what} has room in {seconds} s.")
                {
                    RetryAfter = TimeSpan.FromSeconds(seconds),
                };
        }
    }

    private string Amount(long amount) =>
        IsMoney ? string.Create(CultureInfo.InvariantCulture, $"{Money.ToUsd(amount):0.######} USD") : string.Create(CultureInfo.InvariantCulture, $"{amount} tokens");
}
