namespace LlmProxy.Limits;

/// <summary>What one holder may do; 0: no limit.</summary>
internal readonly record struct LimitNumbers(int RequestsPerMinute, int MaxParallel)
{
    public bool IsUnlimited => (RequestsPerMinute | MaxParallel) == 0;
}

/// <summary>Whose limits one call must pass, with the numbers of the snapshot that the call took.</summary>
internal readonly record struct LimitSubject
{
    public LimitNumbers Gateway { get; init; }

    public string Workspace { get; init; }

    public LimitNumbers WorkspaceLimits { get; init; }

    public string Key { get; init; }

    public LimitNumbers KeyLimits { get; init; }

    /// <summary>How long the call may wait for its turn; zero: it is refused at once.</summary>
    public TimeSpan MaxWait { get; init; }

    public bool IsUnlimited => Gateway.IsUnlimited && WorkspaceLimits.IsUnlimited && KeyLimits.IsUnlimited;
}
