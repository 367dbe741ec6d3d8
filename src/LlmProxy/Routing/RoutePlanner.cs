using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;

namespace LlmProxy.Routing;

/// <summary>Makes the list of LLMs to try for one call. Pure: reads the snapshot, touches nothing.</summary>
internal sealed class RoutePlanner
{
    public static RoutePlan PlanFor(GatewaySnapshot snapshot, Caller caller, EndpointKind endpoint, string? requestedModel, Wishes wishes)
    {
        if (snapshot.Models.ByPriority.Count == 0)
        {
            return RoutePlan.Refuse(TargetFilter.NothingConfigured);
        }

        if (wishes.Provider is { } provider && !Providers.ProviderCatalog.All.ContainsKey(provider))
        {
            return RoutePlan.Refuse(GatewayError.Invalid("provider", $"Unknown provider \"{provider}\". Known: {string.Join(", ", Providers.ProviderCatalog.All.Keys.Order(StringComparer.Ordinal))}."));
        }

        if (Resolve(snapshot, caller, endpoint, requestedModel, wishes, out GatewayError? unknown) is not { } entry)
        {
            return RoutePlan.Refuse(unknown!);
        }

        bool namedByKey = !caller.AllowsEverything && entry.Kind is NameKind.Chain or NameKind.VendorModel or NameKind.Llm
            && requestedModel is not null && IsOwnName(snapshot, requestedModel, entry) && caller.Allows(requestedModel);
        var filter = new TargetFilter(caller, endpoint, wishes, namedByKey);
        RoutePlan plan = filter.Apply(entry);
        if (plan.Refusal is not null || plan.Targets.Count == 1)
        {
            return plan;
        }

        if (entry.IsWeighted)
        {
            plan = RoutePlan.To(WeightedOrder.Draw(plan.Targets, Random.Shared));
        }

        bool mayFollow = wishes.Fallback ?? snapshot.Options.Routing.Fallback ?? true;
        if (!mayFollow)
        {
            return RoutePlan.To([plan.Targets[0]]);
        }

        return endpoint.StaysOnModel ? RoutePlan.To(SameModel(plan.Targets)) : plan;
    }

    private static NameEntry? Resolve(GatewaySnapshot snapshot, Caller caller, EndpointKind endpoint, string? requestedModel, Wishes wishes, out GatewayError? refusal)
    {
        refusal = null;
        ModelDirectory models = snapshot.Models;
        if (wishes.Chain is { } chain)
        {
            return FromWish(models, caller, chain, out refusal);
        }

        if (requestedModel is null)
        {
            return models.DefaultFor(endpoint) ?? AutoOrder.For(snapshot, caller, endpoint, wishes);
        }

        if (wishes.Provider is { } provider && models.Find($"{provider}/{requestedModel}") is { } pinned)
        {
            return pinned;
        }

        if (models.Find(requestedModel) is { } entry)
        {
            return entry;
        }

        string asked = requestedModel;
        requestedModel = models.Follow(requestedModel);
        if (requestedModel.Equals("auto", StringComparison.OrdinalIgnoreCase))
        {
            return models.DefaultFor(endpoint) ?? AutoOrder.For(snapshot, caller, endpoint, wishes);
        }

        if (requestedModel.Equals("default", StringComparison.OrdinalIgnoreCase))
        {
            if (models.DefaultFor(endpoint) is { Targets.Count: > 0 } endpointDefault)
            {
                return endpointDefault with { Targets = [endpointDefault.Targets[0]] };
            }

            if (models.DefaultLlm(caller.Workspace) is { } llm)
            {
                return new NameEntry(NameKind.Default, [new RouteTarget(llm, llm.Options.Model)]);
            }

            refusal = new GatewayError(ErrorCode.ModelNotFound, "No default LLM is configured. Mark one with \"IsDefault\": true, or name a model.") { Param = "model" };
            return null;
        }

        if (requestedModel.StartsWith("auto:", StringComparison.OrdinalIgnoreCase))
        {
            string strategy = requestedModel[5..];
            if (!AutoOrder.Strategies.Contains(strategy, StringComparer.OrdinalIgnoreCase))
            {
                refusal = GatewayError.Invalid("model", $"Unknown strategy \"{strategy}\". Known: {string.Join(", ", AutoOrder.Strategies)}.");
                return null;
            }

            return AutoOrder.ByPriority(snapshot, wishes);
        }

        refusal = NearNames.NotFound(snapshot, caller, asked);
        return null;
    }

    /// <summary>The chain wish: one chain's name, or the members themselves separated by commas.</summary>
    private static NameEntry? FromWish(ModelDirectory models, Caller caller, string wish, out GatewayError? refusal)
    {
        refusal = null;
        if (models.Find("chain:" + wish) is { } named)
        {
            return caller.AllowsEverything || !caller.Allows(wish) ? named : named with { Kind = NameKind.Chain };
        }

        var targets = new List<RouteTarget>();
        foreach (string name in wish.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (models.Find(name) is not { } entry)
            {
                string known = string.Join(", ", models.Chains.Select(c => c.Key).Order(StringComparer.OrdinalIgnoreCase).Take(20));
                refusal = GatewayError.Invalid("chain", $"Unknown chain or LLM \"{name}\" in the wish \"chain\"." + (known.Length > 0 ? $" Known chains: {known}." : ""));
                return null;
            }

            // A chain whose LLMs are all disabled is known and has none.
            if (entry.Targets.Count == 0)
            {
                continue;
            }

            RouteTarget target = entry.Targets[0];
            if (!targets.Exists(t => t.Deployment == target.Deployment))
            {
                targets.Add(target);
            }
        }

        if (targets.Count == 0)
        {
            refusal = GatewayError.Invalid("chain", "The wish \"chain\" names nothing.");
            return null;
        }

        return new NameEntry(NameKind.Chain, targets);
    }

    /// <summary>Whether the asked name itself may stand in AllowedModels: a chain or an alias. A vendor's bare name may not.</summary>
    private static bool IsOwnName(GatewaySnapshot snapshot, string name, NameEntry entry) =>
        entry.Kind == NameKind.Chain || snapshot.Models.IsAlias(name);

    private static List<RouteTarget> SameModel(IReadOnlyList<RouteTarget> targets)
    {
        string model = targets[0].Model;
        return [.. targets.Where(t => t.Model.Equals(model, StringComparison.OrdinalIgnoreCase))];
    }
}
