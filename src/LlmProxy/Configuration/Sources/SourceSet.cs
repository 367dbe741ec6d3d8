using LlmProxy.Configuration.Binding;
using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Shortcuts;

namespace LlmProxy.Configuration.Sources;

/// <summary>The sources of one load, each parsed by itself, in the order in which they win.</summary>
internal sealed class SourceSet(ConfigurationInput input, SourceFiles files, Findings findings)
{
    private const string Section = "LlmProxy";
    private const string Schema = "$schema";

    /// <summary>ASP.NET's own sections, which only the host reads and only from appsettings.json.</summary>
    private static readonly string[] HostSections = ["AllowedHosts", "Kestrel", "Logging", "Metrics", "Serilog", "Urls"];

    private readonly List<ConfigObject> _files = [];
    private readonly List<ConfigObject> _later = [];
    private ConfigObject? _arguments;

    /// <summary>Full paths of the files that were read.</summary>
    public List<string> Files { get; } = [];

    public IReadOnlyList<string> Variables { get; private set; } = [];

    public IReadOnlyList<string> ArgumentNames { get; private set; } = [];

    /// <summary>Whether anything but the shortcuts names an LLM.</summary>
    public bool NameLlms => _files.Concat(_later).Any(source => source.Find(nameof(GatewayOptions.Llms)) is ConfigList { Items.Count: > 0 });

    public void Read(EnvironmentReader environment)
    {
        ReadAppSettings("appsettings.json");
        ReadAppSettings($"appsettings.{input.EnvironmentName}.json");
        ReadConfigFile(environment);
        ReadSettings();
        foreach (StoredSection stored in input.Stored)
        {
            Add(_later, JsonTree.Parse(stored.Json, new Origin(Section, stored.Name), findings));
        }
    }

    /// <summary>Files, then the shortcuts, then everything that is written by its full name.</summary>
    public IEnumerable<ConfigObject> InOrder(ConfigObject shortcuts) => _files.Append(shortcuts).Concat(_later);

    public string? LastText(string member)
    {
        ConfigObject? last = _files.Concat(_later).LastOrDefault(source => source.Find(member) is ConfigText);
        return last?.Text(member);
    }

    public bool IsFromFile(ConfigObject llm) => _files.Exists(file => Names(file, llm));

    /// <summary>Of an LLM that no shortcut made.</summary>
    public LlmSource SourceOf(ConfigObject llm) =>
        IsFromFile(llm) ? LlmSource.File
        : _arguments is not null && Names(_arguments, llm) ? LlmSource.CommandLine
        : input.Stored.Any(stored => stored.Name == llm.Origin.Source) ? LlmSource.Database
        : LlmSource.Environment;

    private static bool Names(ConfigObject source, ConfigObject llm) =>
        source.Find(nameof(GatewayOptions.Llms)) is ConfigList list && list.Items.Contains(llm);

    private void ReadAppSettings(string name)
    {
        string path = Path.Combine(input.ContentRoot, name);
        string other = Path.Combine(input.BaseDirectory ?? input.ContentRoot, name);
        // Looked at even when it is not there, so that the watcher sees it appear.
        byte[]? content = files.Read(path, out string? problem);
        if (content is null && problem == SourceFiles.NotThere)
        {
            path = other;
            content = files.Read(path, out problem);
        }

        if (content is null)
        {
            if (problem != SourceFiles.NotThere)
            {
                findings.Mistake($"{path}: {problem}");
            }

            return;
        }

        Files.Add(files.FullPath(path));
        if (Root(content, path) is { } root)
        {
            if (root.Find(Section) is { } section)
            {
                Add(_files, section);
            }

            foreach (string member in root.Members.Keys.Where(member => Shape.Gateway.Members.ContainsKey(member) && !HostSections.Contains(member, StringComparer.OrdinalIgnoreCase)))
            {
                findings.Mistake(root.Members[member].Origin, $"stands beside the section {Section}; move it into it");
            }
        }
    }

    /// <summary>It may hold the section, or be the section itself.</summary>
    private void ReadConfigFile(EnvironmentReader environment)
    {
        if (environment.Find(EnvironmentShortcuts.ConfigFile) is not { } named)
        {
            return;
        }

        string path = files.FullPath(named.Value);
        if (files.Read(path, out string? problem) is not { } content)
        {
            findings.Mistake($"{EnvironmentShortcuts.ConfigFile}: the file {path} {problem}");
            return;
        }

        Files.Add(path);
        bool isSection = !JsonTree.HasMember(content, Section);
        if (Root(content, path, isSection ? Section : "") is not { } root)
        {
            return;
        }

        root.Members.Remove(Schema);
        if (isSection)
        {
            Add(_files, root);
            return;
        }

        if (root.Find(Section) is not { } section)
        {
            return;
        }

        Add(_files, section);
        foreach ((string member, ConfigNode value) in root.Members)
        {
            if (HostSections.Contains(member, StringComparer.OrdinalIgnoreCase))
            {
                findings.Warn(value.Origin, "is read from appsettings.json only");
            }
            else if (!member.Equals(Section, StringComparison.OrdinalIgnoreCase))
            {
                findings.Mistake(value.Origin, $"stands beside the section {Section}; move it into it");
            }
        }
    }

    private ConfigObject? Root(byte[] content, string path, string name = "")
    {
        ConfigNode? root = JsonTree.Parse(content, new Origin(name, files.FullPath(path)), findings);
        if (root is not null and not ConfigObject)
        {
            findings.Mistake($"{path}: must hold an object: {{ ... }}");
        }

        return root as ConfigObject;
    }

    private void ReadSettings()
    {
        var variables = new VariableTree(findings);
        string[] names = [.. input.Environment.Keys.Where(VariableTree.IsOurs)];
        Array.Sort(names, StringComparer.Ordinal);
        foreach (string name in names)
        {
            variables.Add(name, input.Environment[name]);
        }

        var arguments = new VariableTree(findings);
        foreach ((string name, string value) in CommandLine.Settings(input.Arguments))
        {
            if (VariableTree.IsOurs(name))
            {
                arguments.Add(name, value);
            }
        }

        Variables = variables.Taken;
        ArgumentNames = arguments.Taken;
        Add(_later, variables.Build());
        _arguments = arguments.Build();
        Add(_later, _arguments);
    }

    private void Add(List<ConfigObject> sources, ConfigNode? section)
    {
        switch (section)
        {
            case ConfigObject source:
                TreeMerge.FindDuplicates(source, findings);
                sources.Add(source);
                break;
            case null or ConfigNull:
                break;
            default:
                findings.Mistake(section.Origin, "must be an object: { ... }");
                break;
        }
    }
}
