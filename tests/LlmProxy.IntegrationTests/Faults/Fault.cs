using System.Globalization;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Faults;

/// <summary>One way in which an LLM fails, and how a call that meets it has to end; without an ending where there is no such fault.</summary>
internal sealed record Fault(string Name, Ending? Plain, Ending? Stream)
{
    /// <summary>How the vendor answers, plain or as a stream, as the LLM at that place; the gate opens when the client has heard its first words.</summary>
    public required Func<bool, int, Gate, UpstreamAnswer> Answer { get; init; }

    /// <summary>Where the LLM is said to be, for faults that lie in the address.</summary>
    public Func<FaultAddresses, string> Address { get; init; } = static addresses => addresses.Well;

    /// <summary>Only the hanging ones are given a second: a busy machine must not make others late.</summary>
    public bool Hangs { get; init; }

    /// <summary>Whether the vendor sees each try as one request.</summary>
    public bool IsSeen { get; init; } = true;

    public Ending? For(bool stream) => stream ? Stream : Plain;
}

internal enum Fate
{
    /// <summary>Another LLM may do better.</summary>
    PassedOn,

    /// <summary>The caller's own mistake: nobody else is asked.</summary>
    Final,

    /// <summary>Output had reached the client: nobody else is asked, and the stream says so.</summary>
    Broken,
}

/// <summary>What the caller gets when nobody mends it, and how often the LLM is tried.</summary>
internal sealed record Ending(Fate Fate, int Status, string Code)
{
    /// <summary>Tries at an LLM that nobody follows.</summary>
    public int Tries { get; init; } = 1;

    /// <summary>Tries at one that another follows; the same unless the vendor asks for more patience than that is worth.</summary>
    public int? TriesBeforeNext { get; init; }

    /// <summary>What all LLMs failing alike adds up to.</summary>
    public string WhenAll { get; init; } = "503 `all_providers_failed`";

    public string? RetryAfter { get; init; }

    public string? RetryAfterWhenAll { get; init; }

    public static Ending PassedOn(int status, string code) => new(Fate.PassedOn, status, code);

    /// <summary>Worth another try at the same LLM: the first and two retries.</summary>
    public static Ending Retried(int status, string code) => new(Fate.PassedOn, status, code) { Tries = 3 };

    public static Ending Final(int status, string code) => new(Fate.Final, status, code);

    public static Ending Broken(string code) => new(Fate.Broken, 200, code);

    /// <summary>The words that the seen outcome has to match.</summary>
    public string Expected(Setup setup)
    {
        string alone = Fate == Fate.Broken ? $"200, its words, then an error event `{Code}`" : Words($"{Status} `{Code}`", RetryAfter);
        int before = TriesBeforeNext ?? Tries;
        return (setup, Fate) switch
        {
            (Setup.One, _) => Outcome.Describe(alone, [Tries]),
            (_, Fate.Final or Fate.Broken) => Outcome.Describe(alone, [Tries, 0, 0]),
            (Setup.FirstOfThree, _) => Outcome.Describe($"200 from the second (`{Code}`)", [before, 1, 0]),
            _ => Outcome.Describe(Words(WhenAll, RetryAfterWhenAll ?? RetryAfter), [before, before, Tries]),
        };
    }

    private static string Words(string error, string? retryAfter) =>
        retryAfter is null ? error : string.Create(CultureInfo.InvariantCulture, $"{error}, retry-after {retryAfter}");
}

/// <summary>Who meets the fault.</summary>
internal enum Setup
{
    /// <summary>A named LLM without anybody to follow it.</summary>
    One,

    /// <summary>The first LLM of a chain of three.</summary>
    FirstOfThree,

    /// <summary>All three of a chain.</summary>
    AllThree,
}

/// <summary>Where vendors are, and where there are none.</summary>
internal sealed record FaultAddresses(string Well, string Refusing, string Secure)
{
    public string SecureOnPlain => Well.Replace("http://", "https://", StringComparison.Ordinal);
}
