using LlmProxy.Accounting;
using LlmProxy.Accounting.Journal;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Accounting.Journal;

/// <summary>Rows of calls for tests of the journal and the ledger.</summary>
internal static class Rows
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    public static CallRow New(string? id = null) => new()
    {
        Id = id ?? Guid.CreateVersion7().ToString(),
        StartedAt = Noon,
        FinishedAt = Noon + TimeSpan.FromSeconds(2),
        Endpoint = "chat",
        Status = 200,
        Duration = TimeSpan.FromSeconds(2),
        Outcome = "success",
        UsageSource = "reported",
        Cache = "miss",
        Usage = new TokenUsage(10, 0, 0, 5, 0),
        CostUsd = 0.0001m,
    };

    public static CallRow Draft(CallRow row) => row with { Outcome = CallOutcome.Interrupted, Status = 0, UsageSource = "estimated", Usage = new TokenUsage(9, 0, 0, 0, 0), CostUsd = 0.00005m };

    /// <summary>Every field has a value of its own.</summary>
    public static CallRow Full() => New() with
    {
        ClientRequestId = "mine-1",
        Key = "ci",
        Workspace = "team-a",
        EndUser = "user-7",
        RequestedModel = "GPT-4o",
        Llm = "azure-we",
        Provider = "azure",
        ProviderRequestId = "req_1",
        Attempts = 2,
        Tries = [new AttemptRecord("openai", "openai", "timeout", 1200.5), new AttemptRecord("azure-we", "azure", "success", 800.25)],
        Fallback = "timeout",
        ErrorCode = "provider_timeout",
        Usage = new TokenUsage(1, 2, 3, 4_000_000_000, 5),
        CostUsd = 12.3456789012m,
        FirstToken = TimeSpan.FromMilliseconds(321.5),
        Overhead = TimeSpan.FromMilliseconds(0.75),
        Queued = TimeSpan.FromMilliseconds(12),
        Cache = "hit",
        IsStream = true,
        ClientGone = true,
        Tags = ["a", "b c"],
    };

    /// <summary>Records compare their lists by reference.</summary>
    public static void AssertSame(CallRow expected, CallRow actual)
    {
        Assert.Equal(expected.Tries, actual.Tries);
        Assert.Equal(expected.Tags, actual.Tags);
        Assert.Equal(expected with { Tries = [], Tags = [] }, actual with { Tries = [], Tags = [] });
    }
}

/// <summary>A running call that has come as far as the test says.</summary>
internal sealed class RunningCall : IRunningCall
{
    public CallProgress? News { get; set; }

    public bool TryTell(out CallProgress progress)
    {
        progress = News.GetValueOrDefault();
        bool isNews = News is not null;
        News = null;
        return isNews;
    }
}
