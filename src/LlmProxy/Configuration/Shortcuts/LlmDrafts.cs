using System.Globalization;
using LlmProxy.Configuration.Sources;

namespace LlmProxy.Configuration.Shortcuts;

/// <summary>Reads one vendor's variables into drafts of LLMs.</summary>
internal sealed class LlmDrafts(EnvironmentReader environment, Findings findings)
{
    public const string SharedKey = "LLM_API_KEY";
    public const string SharedAddress = "LLM_API_BASE";

    /// <summary>Whether its variables make an LLM though nobody chose the vendor.</summary>
    public bool IsMade(Vendor vendor)
    {
        if (IsSwitchedOff(vendor))
        {
            return false;
        }

        bool isMade = vendor.MadeBy switch
        {
            MadeBy.Key => environment.HasAny(vendor.Keys),
            MadeBy.Address => environment.HasAny(vendor.Addresses),
            MadeBy.Model => environment.HasAny(vendor.Models),
            MadeBy.KeyOrDeployment => environment.HasAny(vendor.Keys) || (environment.HasAny(vendor.Addresses) && environment.HasAny(vendor.Models)),
            _ => environment.HasAny(vendor.Variables),
        };
        if (!isMade && vendor.MadeBy == MadeBy.Address && vendor.Variables.FirstOrDefault(name => environment.Find(name) is not null) is { } alone)
        {
            findings.Warn($"{alone}: makes no LLM, because {vendor.Addresses[0]} is not set");
        }

        return isMade;
    }

    public bool IsSwitchedOff(Vendor vendor) => vendor.Enabled is not null && environment.Bool([vendor.Enabled]) == false;

    /// <summary>A chosen vendor also takes the key and address that are not named for any vendor.</summary>
    public LlmDraft Draft(Vendor vendor, string name, string cause, bool isChosen, Variable? model = null)
    {
        Variable? own = environment.First(vendor.Models);
        bool isCompanion = Array.Exists(vendor.ModelCompanions, companion => companion.Variables.Contains(own?.Name));
        if (model is not null && own is not null && own.Value != model.Value && !isCompanion)
        {
            environment.LeaveOut(own.Name, $"{model.Name} is set");
        }

        model ??= own;
        Variable? address = environment.First(vendor.Addresses);
        Variable? sharedAddress = isChosen && address is null ? environment.Find(SharedAddress) : null;
        var draft = new LlmDraft(name, vendor, cause)
        {
            Model = vendor.MayBeRelay && (address ?? sharedAddress) is not null ? model : WithoutPrefix(model, vendor),
            ModelOtherwise = vendor.DefaultModel,
            Address = address ?? sharedAddress,
            AddressOtherwise = vendor.DefaultAddress,
        };
        if (model is null && vendor.IsModelGuessed)
        {
            findings.Warn($"{vendor.Models[0]}: is not set; the model \"{vendor.DefaultModel}\" is asked for");
        }

        if (draft.ModelName is null)
        {
            draft.Unavailable = $"{DefaultChoice.PrimaryModel} is not set";
        }

        AddCredentials(draft, isChosen, sharedAddress);
        AddSettings(draft);
        return draft;
    }

    /// <summary>The same vendor, address and credential, for any model under the name that is asked for.</summary>
    public LlmDraft Wildcard(LlmDraft named, string cause)
    {
        Vendor vendor = named.Vendor with { ModelCompanions = [] };
        bool isChosen = named.Address?.Name == SharedAddress || named.IsDefault;
        var draft = new LlmDraft($"{vendor.Name}/*", vendor, cause) { Model = null, ModelOtherwise = "*", Address = named.Address, AddressOtherwise = named.AddressOtherwise };
        AddCredentials(draft, isChosen, null);
        return draft;
    }

    private void AddCredentials(LlmDraft draft, bool isChosen, Variable? sharedAddress)
    {
        Vendor vendor = draft.Vendor;
        Variable? own = environment.First(vendor.Keys);
        Variable? key = own ?? (isChosen && vendor.TakesSharedKey ? environment.Find(SharedKey) : null);
        if (key is not null)
        {
            draft.Credential("api_key", key.Name);
        }
        else if (vendor.NeedsKey)
        {
            draft.Credential("api_key", vendor.Keys[0]);
        }

        if (own is not null && sharedAddress is not null)
        {
            findings.Warn($"{own.Name}: is sent to the address in {sharedAddress.Name}, because no address of {vendor.Name} is set");
        }

        if (vendor.NeedsAddress && draft.Address is null)
        {
            draft.Credential("base_url", vendor.Addresses[0]);
        }

        draft.CanBeCalled = (key is not null || !vendor.NeedsKey) && (draft.Address is not null || !vendor.NeedsAddress);
        foreach (Companion companion in vendor.Companions.Concat(vendor.ModelCompanions))
        {
            if (environment.First(companion.Variables) is { } variable)
            {
                draft.Credential(companion.Auth, variable.Name);
            }
        }
    }

    private void AddSettings(LlmDraft draft)
    {
        Vendor vendor = draft.Vendor;
        draft.Preset("max_tokens", Number(vendor.MaxTokens, isWhole: true), vendor.DefaultMaxTokens);
        draft.Preset("temperature", Number(vendor.Temperature, isWhole: false), vendor.DefaultTemperature);
        draft.Timeout = vendor.Timeout is null ? null : environment.Find(vendor.Timeout);
        if (draft.Timeout is null && vendor.DefaultTimeout is not null)
        {
            draft.Timeout = new Variable(vendor.Timeout!, vendor.DefaultTimeout);
        }

        if (vendor.Headers is not null && environment.Find(vendor.Headers) is { } headers)
        {
            var origin = new Origin(headers.Name, headers.Name);
            ConfigNode? parsed = JsonTree.Parse(headers.Value, origin, findings);
            if (parsed is ConfigObject)
            {
                draft.Headers = parsed;
            }
            else if (parsed is not null)
            {
                findings.Mistake($"{headers.Name}: must be a JSON object such as {{\"X-Team\": \"a\"}}");
            }
        }
    }

    private Variable? Number(string? name, bool isWhole)
    {
        if (name is null || environment.Find(name) is not { } variable)
        {
            return null;
        }

        if (!decimal.TryParse(variable.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number) || (isWhole && number != decimal.Truncate(number)))
        {
            findings.Mistake($"{name}: \"{variable.Value}\" is not {(isWhole ? "a whole number" : "a number")}");
            return null;
        }

        return variable with { Value = number.ToString("0.############", CultureInfo.InvariantCulture) };
    }

    /// <summary>"anthropic/claude-3" is "claude-3" to Anthropic itself; behind another address the whole name may be meant.</summary>
    private static Variable? WithoutPrefix(Variable? model, Vendor vendor)
    {
        int slash = model?.Value.IndexOf('/', StringComparison.Ordinal) ?? -1;
        bool isOwn = slash > 0 && vendor.Prefixes.Contains(model!.Value[..slash], StringComparer.OrdinalIgnoreCase);
        return isOwn ? model! with { Value = model.Value[(slash + 1)..] } : model;
    }
}
