namespace LlmProxy.Configuration.Shortcuts;

/// <summary>Decides which LLMs the variables make, which one is the default, and in what order they are tried.</summary>
internal sealed class LlmShortcuts(EnvironmentReader environment, Findings findings)
{
    public const string SecondaryModel = "SECONDARY_MODEL";

    private const int DefaultPriority = 10;
    private const int SecondaryPriority = 20;
    private const int FirstOtherPriority = 30;
    private const int Step = 10;

    private readonly LlmDrafts _drafts = new(environment, findings);

    /// <summary>In the order in which they are tried, each followed by its wildcard.</summary>
    public List<LlmDraft> Build(DefaultChoice choice)
    {
        choice = WithoutSwitchedOff(choice, out bool isRefused);
        LlmDraft? primary = choice.Vendor is { } vendor ? Chosen(vendor, choice, DefaultChoice.PrimaryModel) : null;
        var others = new List<LlmDraft>();
        foreach (Vendor made in VendorTable.All)
        {
            bool isPrimary = primary is { } && primary.Name == made.Name && primary.Vendor.Name == made.Name;
            if (!isPrimary && _drafts.IsMade(made))
            {
                others.Add(_drafts.Draft(made, made.Name, CauseOf(made), isChosen: primary is null && others.Count == 0 && !choice.IsDummy && !choice.IsUnknown));
            }
        }

        if (primary is null && !choice.IsDummy && !choice.IsUnknown && others.Count > 0)
        {
            primary = others.Find(other => other.ModelName is not null);
            others.Remove(primary!);
        }

        LlmDraft? secondary = primary is null ? null : Secondary(primary, choice, others);
        Rank(primary, secondary, others);
        SayWhatIsUnused(primary, choice, isRefused);
        return [.. Ordered(primary, secondary, others)];
    }

    /// <summary>The default vendor's LLM; LiteLLM without an address reads whose model it is from the model's name.</summary>
    private LlmDraft Chosen(Vendor vendor, DefaultChoice choice, string modelVariable)
    {
        Variable? model = environment.Find(modelVariable);
        bool isSecondary = modelVariable == SecondaryModel;
        bool isDirect = vendor == VendorTable.LiteLlm && environment.First(vendor.Addresses) is null && environment.Find(LlmDrafts.SharedAddress) is null;
        string name = isSecondary ? $"{vendor.Name}-secondary" : vendor.Name;
        string cause = isSecondary ? SecondaryModel : choice.Cause;
        if (!isDirect)
        {
            return _drafts.Draft(isSecondary ? OnlyFor(vendor) : vendor, name, cause, isChosen: true, model);
        }

        string written = model?.Value ?? VendorTable.LiteLlm.DefaultModel!;
        int slash = written.IndexOf('/', StringComparison.Ordinal);
        Vendor? owner = slash > 0 ? VendorTable.Find(written[..slash]) : VendorTable.OpenAi;
        if (owner is null || owner == VendorTable.LiteLlm)
        {
            findings.Warn($"{modelVariable}: \"{written}\" names no vendor that is known before the slash; it is asked of OpenAI, since neither {VendorTable.LiteLlm.Addresses[0]} nor {LlmDrafts.SharedAddress} is set");
            return _drafts.Draft(VendorTable.OpenAi, name, cause, isChosen: true, model ?? new Variable(cause, written));
        }

        string bare = slash > 0 ? written[(slash + 1)..] : written;
        return _drafts.Draft(OnlyFor(owner), name, cause, isChosen: true, new Variable(model?.Name ?? cause, bare));
    }

    /// <summary>The vendor without the variables that name another model than the one asked for.</summary>
    private static Vendor OnlyFor(Vendor vendor) => vendor with { Models = [], IsModelGuessed = false, ModelCompanions = [] };

    /// <summary>The LLM that follows the default: SECONDARY_MODEL at the same place, else (in fallback mode) the next one made.</summary>
    private LlmDraft? Secondary(LlmDraft primary, DefaultChoice choice, List<LlmDraft> others)
    {
        LlmDraft? secondary = null;
        if (environment.Find(SecondaryModel) is { } model)
        {
            secondary = choice.Vendor is { } vendor
                ? Chosen(vendor, choice, SecondaryModel)
                : _drafts.Draft(OnlyFor(primary.Vendor), $"{primary.Name}-secondary", SecondaryModel, isChosen: true, model);
        }
        else if (choice.IsFallback)
        {
            secondary = others.FirstOrDefault(other => other.ModelName is not null);
            others.Remove(secondary!);
        }

        primary.FallsBackTo = secondary?.Name;
        return secondary;
    }

    private static void Rank(LlmDraft? primary, LlmDraft? secondary, List<LlmDraft> others)
    {
        if (primary is not null)
        {
            primary.IsDefault = true;
            primary.Priority = DefaultPriority;
        }

        if (secondary is not null)
        {
            secondary.Priority = SecondaryPriority;
        }

        for (int i = 0; i < others.Count; i++)
        {
            others[i].Priority = FirstOtherPriority + (i * Step);
        }
    }

    private IEnumerable<LlmDraft> Ordered(LlmDraft? primary, LlmDraft? secondary, List<LlmDraft> others)
    {
        foreach (LlmDraft draft in new[] { primary, secondary }.OfType<LlmDraft>().Concat(others))
        {
            if (draft.ModelName is not null || draft.IsDefault)
            {
                yield return draft;
            }

            // One wildcard per vendor, beside the LLM that bears its name.
            if (draft.Vendor.HasWildcard && draft.CanBeCalled && draft.Name == draft.Vendor.Name)
            {
                LlmDraft wildcard = _drafts.Wildcard(draft, CauseOf(draft.Vendor));
                wildcard.Priority = draft.Priority + 1;
                yield return wildcard;
            }
        }
    }

    private DefaultChoice WithoutSwitchedOff(DefaultChoice choice, out bool isRefused)
    {
        isRefused = choice.Vendor is { } vendor && _drafts.IsSwitchedOff(vendor);
        if (!isRefused)
        {
            return choice;
        }

        findings.Warn($"{choice.Cause}: chooses {choice.Vendor!.Name}, but {choice.Vendor.Enabled} switches it off");
        return choice with { Vendor = null };
    }

    private void SayWhatIsUnused(LlmDraft? primary, DefaultChoice choice, bool isRefused)
    {
        if (primary is not null || choice.IsDummy || choice.IsUnknown || isRefused)
        {
            return;
        }

        foreach (string name in new[] { LlmDrafts.SharedKey, LlmDrafts.SharedAddress, SecondaryModel })
        {
            if (environment.Find(name) is not null)
            {
                findings.Warn($"{name}: is not used, because nothing says for which provider; set {DefaultChoice.Selectors[0]} or {DefaultChoice.PrimaryModel}");
            }
        }

        if (choice.IsFallback)
        {
            findings.Warn($"{choice.Cause}: asks for a primary and a secondary LLM, but no variable makes one");
        }
    }

    /// <summary>The variable that an operator would look at for this LLM.</summary>
    private string CauseOf(Vendor vendor) =>
        vendor.Variables.FirstOrDefault(name => environment.Find(name) is not null) ?? (vendor.Keys.Length > 0 ? vendor.Keys[0] : vendor.Addresses[0]);
}
