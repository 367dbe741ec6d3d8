using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Sources;

namespace LlmProxy.Configuration.Shortcuts;

/// <summary>What the well-known variables say, as one more source of configuration.</summary>
internal sealed record ShortcutSource(ConfigObject Section)
{
    /// <summary>By LLM: why it cannot be called.</summary>
    public Dictionary<string, string> Unavailable { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The variable that chose the default; empty when the first one made became it.</summary>
    public string DefaultCause { get; init; } = "";

    /// <summary>The default was asked for by a name that nobody knows, or by the dummy's own.</summary>
    public bool WantsDummy { get; init; }

    public bool DummyWasNamed { get; init; }

    public LogLevel? LogLevel { get; init; }

    public bool IsDevelopment { get; init; }
}

/// <summary>Reads the variables that teams already have in their .env files.</summary>
internal static class EnvironmentShortcuts
{
    public const string ConfigFile = "LLMPROXY_CONFIG_FILE";
    public const string EnvFile = "LLMPROXY_ENV_FILE";
    public const string Dummy = "dummy";

    /// <summary>Those that bear the gateway's name.</summary>
    public static readonly string[] OwnVariables = [ConfigFile, EnvFile, SettingShortcuts.AdminKey, SettingShortcuts.ApiKey];

    /// <summary>Every variable that means something to the gateway by its own name.</summary>
    public static IReadOnlyList<string> Variables =>
    [
        .. DefaultChoice.Selectors
            .Concat(VendorTable.All.SelectMany(vendor => vendor.Variables))
            .Concat([DefaultChoice.PrimaryModel, LlmShortcuts.SecondaryModel, LlmDrafts.SharedKey, LlmDrafts.SharedAddress])
            .Concat(SettingShortcuts.Variables)
            .Append(ConfigFile)
            .Distinct(),
    ];

    /// <param name="environment">The variables.</param>
    /// <param name="whyNoLlms">Set when the variables are not to make LLMs.</param>
    /// <param name="findings">Where to say what is wrong.</param>
    public static ShortcutSource Read(EnvironmentReader environment, string? whyNoLlms, Findings findings)
    {
        var settings = new SettingShortcuts(environment, findings);
        ConfigObject section = settings.Build();
        LogLevel? level = settings.ReadLogLevel();
        bool isDevelopment = settings.ReadDevelopmentMode();
        if (whyNoLlms is not null)
        {
            SayThatNothingIsMade(environment, whyNoLlms);
            return new ShortcutSource(section) { LogLevel = level, IsDevelopment = isDevelopment };
        }

        DefaultChoice choice = DefaultChoice.From(environment, findings);
        List<LlmDraft> drafts = new LlmShortcuts(environment, findings).Build(choice);
        var source = new ShortcutSource(section)
        {
            DefaultCause = choice.Cause,
            WantsDummy = choice.IsDummy || choice.IsUnknown,
            DummyWasNamed = choice.IsDummy,
            LogLevel = level,
            IsDevelopment = isDevelopment,
        };
        var llms = new ConfigList(new Origin("LlmProxy:Llms"));
        foreach (LlmDraft draft in drafts)
        {
            llms.Items.Add(draft.Write());
            if (draft.Unavailable is { } reason)
            {
                source.Unavailable[draft.Name] = reason;
            }
        }

        if (source.WantsDummy)
        {
            llms.Items.Insert(0, DummyLlm(choice.Cause, environment));
        }

        if (llms.Items.Count > 0)
        {
            section.Members[nameof(GatewayOptions.Llms)] = llms;
        }

        return source;
    }

    private static ConfigObject DummyLlm(string cause, EnvironmentReader environment)
    {
        Vendor dummy = new(Dummy, MadeBy.Key);
        return new LlmDraft(Dummy, dummy, cause) { Model = environment.Find(DefaultChoice.PrimaryModel), ModelOtherwise = Dummy, Priority = 10, IsDefault = true }.Write();
    }

    private static void SayThatNothingIsMade(EnvironmentReader environment, string why)
    {
        foreach (string name in DefaultChoice.Selectors.Append(DefaultChoice.PrimaryModel).Append(LlmShortcuts.SecondaryModel))
        {
            if (environment.Find(name) is not null)
            {
                environment.LeaveOut(name, why);
            }
        }
    }
}
