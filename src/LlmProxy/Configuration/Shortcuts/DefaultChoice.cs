namespace LlmProxy.Configuration.Shortcuts;

/// <summary>Which provider the variables call the default.</summary>
internal sealed record DefaultChoice
{
    public static readonly string[] Selectors = ["LLM_BACKEND", "LLM_PROVIDER", "LLM_DEFAULT_PROVIDER", "PRIMARY_LLM_PROVIDER"];

    public const string PrimaryModel = "PRIMARY_MODEL";

    private const string FallbackMode = "fallback";
    private const string Dummy = "dummy";

    /// <summary>Null: nobody chose, the first that the variables make is the default.</summary>
    public Vendor? Vendor { get; init; }

    /// <summary>The variable that chose; empty when none did.</summary>
    public string Cause { get; private init; } = "";

    /// <summary>Primary first, then secondary.</summary>
    public bool IsFallback { get; private init; }

    public bool IsDummy { get; private init; }

    /// <summary>The name means nothing: the dummy answers and says so.</summary>
    public bool IsUnknown { get; private init; }

    public static DefaultChoice From(EnvironmentReader environment, Findings findings)
    {
        Variable[] set = [.. Selectors.Select(environment.Find).OfType<Variable>()];
        bool isFallback = set.Length > 0 && IsFallbackMode(set[0]);
        // "fallback" says how, the next name says whom.
        Variable[] named = isFallback ? [.. set.Where(variable => !IsFallbackMode(variable))] : set;
        foreach (Variable unused in named.Skip(1))
        {
            environment.LeaveOut(unused.Name, $"{named[0].Name} is set and means the same");
        }

        string fallbackCause = isFallback ? set[0].Name : "";
        if (named.Length == 0)
        {
            return environment.Find(PrimaryModel) is { } model
                ? new DefaultChoice { Vendor = VendorTable.LiteLlm, Cause = model.Name, IsFallback = isFallback }
                : new DefaultChoice { Cause = fallbackCause, IsFallback = isFallback };
        }

        Variable choice = named[0];
        if (choice.Value.Equals(Dummy, StringComparison.OrdinalIgnoreCase))
        {
            return new DefaultChoice { Cause = choice.Name, IsDummy = true };
        }

        Vendor? vendor = VendorTable.Find(choice.Value);
        if (vendor is null)
        {
            findings.Warn($"{choice.Name}: \"{choice.Value}\" is no provider that is known (known: {string.Join(", ", Known)}); the built-in dummy answers instead");
        }

        return new DefaultChoice { Vendor = vendor, Cause = choice.Name, IsFallback = isFallback, IsUnknown = vendor is null };
    }

    private static IEnumerable<string> Known => VendorTable.All.Select(vendor => vendor.Name).Append(Dummy).Append(FallbackMode);

    private static bool IsFallbackMode(Variable variable) => variable.Value.Equals(FallbackMode, StringComparison.OrdinalIgnoreCase);
}
