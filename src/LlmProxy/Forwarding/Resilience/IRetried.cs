namespace LlmProxy.Forwarding.Resilience;

/// <summary>What may be asked again, and how far.</summary>
internal interface IRetried
{
    int MaxRetries { get; }

    /// <summary>Another LLM can be asked instead of waiting long for this one.</summary>
    bool MayFollow { get; }

    /// <summary>False when it would not be asked now anyway: its breaker has opened.</summary>
    bool MayAsk { get; }

    /// <summary>What is left of the call's time.</summary>
    TimeSpan TimeLeft { get; }

    /// <summary>Nobody waits for the answer any more.</summary>
    CancellationToken Gone { get; }

    /// <summary>Another LLM, asked beside this one, has given the answer.</summary>
    CancellationToken Superseded { get; }

    /// <summary>The gateway stops: what has been found out so far is the answer.</summary>
    CancellationToken Stopping { get; }

    Task<Verdict> AskAsync();

    /// <summary>It is about to be asked again, after this wait.</summary>
    void Waiting(TimeSpan delay);
}
