namespace LlmProxy.Routing;

/// <summary>Why an LLM cannot be asked for one call; of several reasons the last one here decides what the caller is told.</summary>
internal enum Removal
{
    None,
    OutOfScope,
    NotAllowed,
    OtherProvider,
    OtherModel,
    NoEndpoint,
    External,

    /// <summary>External, behind a local one that the call was for: nobody said that it may leave the house.</summary>
    House,
    Capability,
    Tools,
    Images,
    JsonSchema,
    Context,
    Latency,
    Budget,
    Unavailable,
    Breaker,
}

/// <summary>The words for it.</summary>
internal static class Removals
{
    public static string Word(this Removal removal) => removal switch
    {
        Removal.OutOfScope => "scope",
        Removal.NotAllowed => "not_allowed",
        Removal.OtherProvider => "provider",
        Removal.OtherModel => "other_model",
        Removal.NoEndpoint => "endpoint",
        Removal.External => "external",
        Removal.House => "house",
        Removal.Capability => "capability",
        Removal.Tools => "tools",
        Removal.Images => "images",
        Removal.JsonSchema => "json_schema",
        Removal.Context => "context_length",
        Removal.Latency => "max_latency_ms",
        Removal.Budget => "budget_remaining",
        Removal.Unavailable => "unavailable",
        Removal.Breaker => "breaker",
        _ => "",
    };

    /// <summary>Its name is no secret to the caller.</summary>
    public static bool MayBeTold(this Removal removal) => removal is not (Removal.OutOfScope or Removal.NotAllowed);

    /// <summary>The caller's own wish or request rules it out: asking again does not help.</summary>
    public static bool IsNeed(this Removal removal) => removal is >= Removal.Capability and <= Removal.Budget;
}
