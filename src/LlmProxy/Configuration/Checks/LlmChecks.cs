using LlmProxy.Configuration.Binding;
using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Sources;
using LlmProxy.Endpoints;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Configuration.Checks;

/// <summary>What must be true of one LLM by itself.</summary>
internal sealed class LlmChecks(ConfigurationInput input, Dictionary<object, ConfigObject> written, Findings findings)
{
    public static readonly string[] KnownCapabilities = ["code", "reasoning", "analysis", "vision", "tools", "json", "long_context", "multilingual"];

    /// <summary>Framing and routing of the connection are the gateway's own business.</summary>
    private static readonly string[] OwnHeaders =
        ["host", "content-length", "content-type", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect"];

    /// <summary>These are the request itself and not something that a client leaves out.</summary>
    private static readonly string[] NoPresets = ["model", "messages", "stream", "llm"];

    public void Check(LlmOptions llm)
    {
        ConfigObject node = written[llm];
        if (llm.Name.Length > 0 && Text.NameProblem(llm.Name, isAscii: true) is { } problem)
        {
            findings.Mistake(node.OriginOf(nameof(LlmOptions.Name)), problem);
        }

        if (llm.Name.ToUpperInvariant() is "AUTO" or "DEFAULT")
        {
            findings.Warn(node.OriginOf(nameof(LlmOptions.Name)), $"an LLM of this name hides the model name \"{llm.Name}\", which means every request without a choice of its own");
        }

        ProviderCard? card = FindProvider(llm, node);
        if (card is not null)
        {
            CheckAuth(card, node);
        }

        bool hasAddressMistake = !CheckAddresses(llm, node);
        CheckHeaders(llm, node);
        CheckFields(llm, node);
        if (card is not null)
        {
            CheckPrice(llm, card, node);
        }

        if (card is not null && !hasAddressMistake && llm.Auth.Missing.Count == 0 && input.CheckLlm is not null)
        {
            foreach (string mistake in input.CheckLlm(llm))
            {
                findings.Mistake(node.Origin, mistake);
            }
        }
    }

    private ProviderCard? FindProvider(LlmOptions llm, ConfigObject node)
    {
        if (llm.Provider.Length == 0)
        {
            return null;
        }

        if (input.FindProvider(llm.Provider) is { } card)
        {
            return card;
        }

        string[] known = [.. input.Providers.Values.Select(provider => provider.Name).Order(StringComparer.Ordinal)];
        findings.Mistake(
            node.OriginOf(nameof(LlmOptions.Provider)),
            $"{Shown(node, llm.Provider)} is no provider that is known{Nearest.Hint(llm.Provider, known)} (known: {string.Join(", ", known)})");
        return null;
    }

    /// <summary>What came from a variable or file may be anything, also a credential.</summary>
    private static string Shown(ConfigObject node, string provider) =>
        node.Text(nameof(LlmOptions.Provider)) == provider ? $"\"{provider}\"" : "its value";

    private void CheckAuth(ProviderCard card, ConfigObject node)
    {
        if (node.Find(nameof(LlmOptions.Auth)) is not ConfigObject auth)
        {
            return;
        }

        string[] known = [.. card.AuthKeys.Append(LlmDefaults.AddressKey).Order(StringComparer.Ordinal)];
        foreach ((string name, ConfigNode value) in auth.Members)
        {
            string plain = AuthBinder.BaseName(name);
            bool isKeyList = plain.Equals(AuthBinder.ManyKeys, StringComparison.OrdinalIgnoreCase);
            bool isKnown = known.Contains(plain, StringComparer.OrdinalIgnoreCase)
                || (isKeyList && known.Contains(AuthBinder.OneKey, StringComparer.OrdinalIgnoreCase));
            if (!isKnown)
            {
                string takes = known.Length == 0 ? "" : $" (provider {card.Name} takes {string.Join(", ", known)}, each also with _env)";
                findings.Mistake(value.Origin, $"is unknown{Nearest.Hint(name, known.Concat(known.Select(one => one + AuthBinder.VariableSuffix)))}{takes}");
            }
        }
    }

    private bool CheckAddresses(LlmOptions llm, ConfigObject node)
    {
        int before = findings.Mistakes.Count;
        if (llm.BaseUrl.Length > 0 && Text.AddressProblem(llm.BaseUrl) is { } problem)
        {
            findings.Mistake(AddressOrigin(node), problem);
        }

        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        Origin list = node.OriginOf(nameof(LlmOptions.Destinations));
        for (int i = 0; i < llm.Destinations.Count; i++)
        {
            Origin place = node.Find(nameof(LlmOptions.Destinations)) is ConfigList items && i < items.Items.Count ? items.Items[i].Origin : list.Item(i);
            if (Text.AddressProblem(llm.Destinations[i]) is { } wrong)
            {
                findings.Mistake(place, wrong);
            }
            else if (!seen.Add(llm.Destinations[i].Trim().TrimEnd('/')))
            {
                findings.Mistake(place, "is the same address as one before");
            }
        }

        return findings.Mistakes.Count == before;
    }

    private static Origin AddressOrigin(ConfigObject node)
    {
        var auth = node.Find(nameof(LlmOptions.Auth)) as ConfigObject;
        ConfigNode? place = node.Find(nameof(LlmOptions.BaseUrl))
            ?? auth?.Find(LlmDefaults.AddressKey)
            ?? auth?.Find(LlmDefaults.AddressKey + AuthBinder.VariableSuffix);
        return place?.Origin ?? node.OriginOf(nameof(LlmOptions.BaseUrl));
    }

    private void CheckHeaders(LlmOptions llm, ConfigObject node)
    {
        Origin place = node.OriginOf(nameof(LlmOptions.Headers));
        foreach ((string name, string value) in llm.Headers)
        {
            Origin header = place.Member(name);
            if (!Text.IsHeaderName(name))
            {
                findings.Mistake(place, "holds a header name with characters that none may have");
            }
            else if (OwnHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                findings.Mistake(header, "is set by the gateway itself");
            }
            else if (!Text.IsHeaderValue(value))
            {
                findings.Mistake(header, "holds characters that no header may carry (control characters or letters beyond ASCII)");
            }
        }
    }

    /// <summary>A wildcard's models are not known yet; what is in the house costs nothing unless the operator says so.</summary>
    private void CheckPrice(LlmOptions llm, ProviderCard card, ConfigObject node)
    {
        if (!llm.Enabled || llm.Model is "" or "*" || card.Name == "dummy" || Deployment.StaysInHouse(llm, card))
        {
            return;
        }

        bool hasOtherPrice = llm is not { PricePerImage: null, PricePerMinute: null, PricePerMillionCharacters: null };
        if (!hasOtherPrice && !LlmFacts.Of(llm, card.Name, llm.Model, isLocal: false).IsPriced)
        {
            findings.Warn(node.OriginOf(nameof(LlmOptions.InputPricePerMillion)), $"no price of \"{llm.Model}\" is known: cost_usd of its calls will be null. Write InputPricePerMillion and OutputPricePerMillion");
        }
    }

    private void CheckFields(LlmOptions llm, ConfigObject node)
    {
        foreach (string field in NoPresets)
        {
            if (llm.Config.ContainsKey(field))
            {
                findings.Mistake(node.OriginOf(nameof(LlmOptions.Config)).Member(field), "cannot be preset: it is the request itself");
            }
        }

        foreach (string endpoint in llm.Endpoints)
        {
            if (!EndpointKind.OfOpenAi.Any(kind => kind.Name == endpoint))
            {
                string[] known = [.. EndpointKind.OfOpenAi.Select(kind => kind.Name)];
                findings.Mistake(node.OriginOf(nameof(LlmOptions.Endpoints)), $"\"{endpoint}\" is no endpoint that is known{Nearest.Hint(endpoint, known)} (known: {string.Join(", ", known)})");
            }
        }

        foreach (string capability in llm.Capabilities)
        {
            if (!KnownCapabilities.Contains(capability))
            {
                findings.Warn(node.OriginOf(nameof(LlmOptions.Capabilities)), $"\"{capability}\" is none of the usual capabilities{Nearest.Hint(capability, KnownCapabilities)}");
            }
        }

        if (llm is { IsDefault: true, Model: "*" })
        {
            findings.Warn(node.OriginOf(nameof(LlmOptions.IsDefault)), "a wildcard has no model of its own: a request that names no model cannot be answered by it");
        }
    }
}
