namespace LlmProxy.Accounting.Journal;

/// <summary>A call that the journal asks once a second how far it has come. Asked from another thread while it runs.</summary>
internal interface IRunningCall
{
    /// <summary>False: nothing new since it was asked last.</summary>
    bool TryTell(out CallProgress progress);
}

/// <summary>What a running call has used so far, by its vendor's word or as counted here.</summary>
internal readonly record struct CallProgress(TokenUsage Usage, string UsageSource, decimal? CostUsd);
