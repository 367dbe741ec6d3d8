using System.Globalization;
using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Sources;
using LlmProxy.Providers.Ollama;

namespace LlmProxy.Configuration.Shortcuts;

/// <summary>An LLM that variables describe, written down as an operator would have written it.</summary>
internal sealed class LlmDraft(string name, Vendor vendor, string cause)
{
    private readonly ConfigObject _auth = new(new Origin(cause).Member("Auth"));
    private readonly ConfigObject _config = new(new Origin(cause).Member("Config"), isVerbatim: true);

    public string Name { get; } = name;

    public Vendor Vendor { get; } = vendor;

    public required Variable? Model { get; init; }

    /// <summary>Used when no variable names the model; null: there is none.</summary>
    public string? ModelOtherwise { get; init; }

    public string? ModelName => Model?.Value ?? ModelOtherwise;

    public Variable? Address { get; set; }

    public string? AddressOtherwise { get; set; }

    public Variable? Timeout { get; set; }

    public ConfigNode? Headers { get; set; }

    /// <summary>Why it cannot be called, where no missing credential says so by itself.</summary>
    public string? Unavailable { get; set; }

    public int Priority { get; set; }

    public bool IsDefault { get; set; }

    public string? FallsBackTo { get; set; }

    /// <summary>The credential and address that its vendor asks for are there.</summary>
    public bool CanBeCalled { get; set; }

    /// <summary>By reference, so that what is missing is told by the rules that hold for every Auth block.</summary>
    public void Credential(string auth, string variable) =>
        _auth.Members[auth + "_env"] = new ConfigText(new Origin(variable), variable, TextKind.String);

    public void Preset(string field, Variable? variable, string? otherwise)
    {
        if ((variable?.Value ?? otherwise) is { } number)
        {
            _config.Members[field] = new ConfigText(new Origin(variable?.Name ?? cause), number, TextKind.Untyped);
        }
    }

    public ConfigObject Write()
    {
        var node = new ConfigObject(new Origin(cause));
        Add(node, nameof(LlmOptions.Name), cause, Name);
        Add(node, nameof(LlmOptions.Provider), cause, Vendor.Provider);
        Add(node, nameof(LlmOptions.Model), Model?.Name ?? cause, ModelName ?? "none");
        Add(node, nameof(LlmOptions.Priority), cause, Priority.ToString(CultureInfo.InvariantCulture));
        Add(node, nameof(LlmOptions.IsDefault), cause, IsDefault ? "true" : null);
        Add(node, nameof(LlmOptions.BaseUrl), Address?.Name ?? cause, Address?.Value ?? AddressOtherwise);
        Add(node, nameof(LlmOptions.TimeoutSeconds), Timeout?.Name ?? cause, Timeout?.Value);
        // The old systems' one timeout was also how long a stream could take to begin.
        Add(node, nameof(LlmOptions.FirstTokenTimeoutSeconds), Timeout?.Name ?? cause, Timeout?.Value);
        bool isCloudModel = ModelName is { } model && OllamaCloud.Runs(model);
        Add(node, nameof(LlmOptions.Local), cause, Vendor.Local is true && !isCloudModel ? "true" : null);
        Add(node, nameof(LlmOptions.Auth), _auth);
        Add(node, nameof(LlmOptions.Config), _config);
        if (Headers is not null)
        {
            node.Members[nameof(LlmOptions.Headers)] = Headers;
        }

        if (FallsBackTo is not null)
        {
            var fallbacks = new ConfigList(new Origin(cause));
            fallbacks.Items.Add(new ConfigText(fallbacks.Origin, FallsBackTo, TextKind.String));
            node.Members[nameof(LlmOptions.Fallbacks)] = fallbacks;
        }

        return node;
    }

    private static void Add(ConfigObject node, string member, string origin, string? value)
    {
        if (value is not null)
        {
            node.Members[member] = new ConfigText(new Origin(origin), value, TextKind.Untyped);
        }
    }

    private static void Add(ConfigObject node, string member, ConfigObject value)
    {
        if (value.Members.Count > 0)
        {
            node.Members[member] = value;
        }
    }
}
