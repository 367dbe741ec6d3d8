using LlmProxy.Configuration.Binding;
using LlmProxy.Configuration.Checks;
using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Shortcuts;
using LlmProxy.Configuration.Sources;
using LlmProxy.Providers;

namespace LlmProxy.Configuration;

/// <summary>
/// Reads every source by itself, lays them over each other, binds and checks the result. A load has no effect on
/// anything: whoever asked for it decides whether to run with it.
/// </summary>
internal sealed class ConfigurationLoader(ConfigurationInput input)
{
    private const string DummyProvider = EnvironmentShortcuts.Dummy;

    public LoadedConfiguration Load()
    {
        var findings = new Findings();
        if (input.EnvFile?.Mistake is { } mistake)
        {
            findings.Mistake(mistake);
        }

        var files = new SourceFiles(input.WorkingDirectory);
        var references = new References(input.Environment, files);
        var variables = new EnvironmentReader(input.Environment, findings);

        // 1. Each source on its own.
        var sources = new SourceSet(input, files, findings);
        sources.Read(variables);
        ShortcutSource shortcuts = EnvironmentShortcuts.Read(variables, WhyNoShortcutLlms(sources, references), findings);

        // 2. One tree.
        ConfigObject merged = TreeMerge.Merge(sources.InOrder(shortcuts.Section));

        // 3. Options, with what they imply.
        var binder = new OptionsBinder(references, findings);
        GatewayOptions options = binder.Bind(merged);
        Complete(options, binder, shortcuts, findings);
        SettleDefaults(options, binder, shortcuts, sources, findings);
        options.Llms.ForEach(llm => llm.Source = IsFrom(shortcuts.Section, binder.Written[llm]) ? LlmSource.Environment : sources.SourceOf(binder.Written[llm]));
        bool hasOnlyImpliedDummy = AddDummyWhenEmpty(options, binder);

        // 4. What cannot be right.
        Check(options, binder, findings);
        NotYetEnforced.Warn(options, findings);
        SayWhatLooksMisspelt(findings);

        bool isMadeByShortcuts(LlmOptions llm) => IsFrom(shortcuts.Section, binder.Written[llm]);
        return new LoadedConfiguration
        {
            Options = options,
            Mistakes = findings.Mistakes,
            Warnings = [.. input.EnvFile?.Warnings ?? [], .. findings.Warnings],
            Sources = SourceLines(sources, variables, references),
            WatchedFiles = files.Watched,
            DummyIsImplied = hasOnlyImpliedDummy || options.Llms.Exists(llm => llm.Provider == DummyProvider && isMadeByShortcuts(llm) && !shortcuts.DummyWasNamed),
            DummyWasNamed = !hasOnlyImpliedDummy && options.Llms.Exists(llm => llm.Provider == DummyProvider && (shortcuts.DummyWasNamed || !isMadeByShortcuts(llm))),
            LlmsFromEnvironment = options.Llms.Exists(isMadeByShortcuts),
            DatabaseIsConfigured = options.Database.Connection != new DatabaseOptions().Connection,
            LogLevel = shortcuts.LogLevel,
            IsDevelopment = shortcuts.IsDevelopment || input.EnvironmentName.Equals("Development", StringComparison.OrdinalIgnoreCase),
        };
    }

    private static string? WhyNoShortcutLlms(SourceSet sources, References references)
    {
        // Wrongly written it is reported by the binder; until then the default holds.
        string? written = sources.LastText(nameof(GatewayOptions.EnvironmentLlms)) is { } text ? references.Follow(text).Value?.Trim() : null;
        Enum.TryParse(written, ignoreCase: true, out EnvironmentLlms mode);
        return mode switch
        {
            EnvironmentLlms.Always => null,
            EnvironmentLlms.Never => "EnvironmentLlms is never",
            _ => sources.NameLlms ? "LLMs are configured elsewhere; EnvironmentLlms: always uses both" : null,
        };
    }

    private void Complete(GatewayOptions options, OptionsBinder binder, ShortcutSource shortcuts, Findings findings)
    {
        if (options.Auth.AdminKey?.Reveal().Length == 0)
        {
            options.Auth.AdminKey = null;
        }

        foreach (LlmOptions llm in options.Llms)
        {
            LlmDefaults.Apply(llm, binder.Written[llm], input.FindProvider(llm.Provider), findings);
            if (shortcuts.Unavailable.TryGetValue(llm.Name, out string? reason) && IsFrom(shortcuts.Section, binder.Written[llm]))
            {
                llm.Auth.Missing.Add(reason);
            }
        }

        options.Routing.DefaultStrategy = Strategies.Normalize(options.Routing.DefaultStrategy);
        foreach (ChainOptions chain in options.Chains.Values)
        {
            chain.Strategy = Strategies.Normalize(chain.Strategy);
        }

        Unlimited.Apply(options);
    }

    /// <summary>
    /// Two sources may each have a default of their own. A variable that chose a provider wins over files, as it stands
    /// above them; one that only came first gives way; what is named above the shortcuts always stands.
    /// </summary>
    private static void SettleDefaults(GatewayOptions options, OptionsBinder binder, ShortcutSource shortcuts, SourceSet sources, Findings findings)
    {
        LlmOptions? ours = options.Llms.Find(llm => llm.IsDefault && IsFrom(shortcuts.Section, binder.Written[llm]));
        LlmOptions[] theirs = ours is null ? [] : [.. options.Llms.Where(llm => llm is { IsDefault: true, Enabled: true } && llm != ours && llm.Scope.Equals(ours.Scope, StringComparison.OrdinalIgnoreCase))];
        if (ours is null || theirs.Length == 0)
        {
            return;
        }

        bool winsOverAll = shortcuts.DefaultCause.Length > 0 && Array.TrueForAll(theirs, llm => sources.IsFromFile(binder.Written[llm]));
        if (!winsOverAll)
        {
            ours.IsDefault = false;
            return;
        }

        foreach (LlmOptions llm in theirs)
        {
            llm.IsDefault = false;
            findings.Warn($"{shortcuts.DefaultCause}: makes {ours.Name} the default instead of {llm.Name}");
        }
    }

    private static bool AddDummyWhenEmpty(GatewayOptions options, OptionsBinder binder)
    {
        if (options.Llms.Count > 0)
        {
            return false;
        }

        var dummy = new LlmOptions { Name = DummyProvider, Provider = DummyProvider, Model = DummyProvider, IsDefault = true, Priority = 10, Local = true };
        binder.Written[dummy] = new ConfigObject(new Origin("LlmProxy:Llms"));
        options.Llms.Add(dummy);
        return true;
    }

    private void Check(GatewayOptions options, OptionsBinder binder, Findings findings)
    {
        var llms = new LlmChecks(input, binder.Written, findings);
        options.Llms.ForEach(llms.Check);
        new TargetChecks(options, binder.Written, findings).Check();
        new AccessChecks(options, binder.Written, findings).Check();
        SettingChecks.Check(options, findings);
    }

    /// <summary>Clusters put variables with our prefix into every container, so only what is nearly right is worth a line.</summary>
    private void SayWhatLooksMisspelt(Findings findings)
    {
        foreach (string name in input.Environment.Keys)
        {
            bool isOurs = name.StartsWith("LLMPROXY_", StringComparison.Ordinal) && !name.StartsWith("LLMPROXY__", StringComparison.Ordinal);
            if (isOurs && !EnvironmentShortcuts.OwnVariables.Contains(name) && Nearest.To(name, EnvironmentShortcuts.OwnVariables) is { } near)
            {
                findings.Warn($"{name}: means nothing; did you mean {near}?");
            }
        }
    }

    private List<string> SourceLines(SourceSet sources, EnvironmentReader variables, References references)
    {
        List<string> lines = [.. sources.Files];
        var names = new SortedSet<string>(variables.Taken.Concat(references.Variables).Concat(sources.Variables), StringComparer.Ordinal);
        if (input.EnvFile is { } file)
        {
            string[] fromFile = [.. names.Where(file.Values.ContainsKey)];
            lines.Add($"{file.Path}: {(fromFile.Length > 0 ? string.Join(", ", fromFile) : "nothing that is used")}");
            names.ExceptWith(fromFile);
        }

        if (names.Count > 0)
        {
            lines.Add($"environment: {string.Join(", ", names)}");
        }

        if (sources.ArgumentNames.Count > 0)
        {
            lines.Add($"command line: {string.Join(", ", sources.ArgumentNames)}");
        }

        lines.AddRange(input.Stored.Select(stored => stored.Name));
        return lines;
    }

    private static bool IsFrom(ConfigObject section, ConfigObject llm) =>
        section.Find(nameof(GatewayOptions.Llms)) is ConfigList list && list.Items.Contains(llm);
}
