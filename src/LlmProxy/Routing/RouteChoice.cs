using LlmProxy.Configuration;
using LlmProxy.Pipeline;
using LlmProxy.Routing.Strategies;

namespace LlmProxy.Routing;

/// <summary>What a request's model and wishes stand for: LLMs, and the strategy that orders them for this call.</summary>
/// <param name="Entry">The LLMs.</param>
/// <param name="Strategy">What the request or the configuration orders them by; null: as the entry itself says.</param>
/// <param name="OwnName">The chain's or alias' name by which a key may be allowed all of it.</param>
internal readonly record struct RouteChoice(NameEntry Entry, IRouteStrategy? Strategy, string? OwnName)
{
    private const string AutoMark = "auto:";

    /// <summary>Null with a refusal when the request's words mean nothing here, or contradict each other.</summary>
    public static RouteChoice? Of(in RouteQuery query, out GatewayError? refusal)
    {
        ModelDirectory models = query.Snapshot.Models;
        Wishes wishes = query.Wishes;
        IRouteStrategy? wished = RouteStrategies.Find(wishes.Strategy);
        if (wishes.Chain is { } chain)
        {
            return WishedChain.Find(models, chain, out refusal) is { } entry ? new RouteChoice(entry, wished, WishedChain.HasOwnName(models, chain) ? chain : null) : null;
        }

        refusal = null;
        if (query.Model is not { } model)
        {
            return Auto(query, wished);
        }

        if (wishes.Provider is { } provider && models.Find($"{provider}/{model}") is { } pinned)
        {
            return new RouteChoice(pinned, wished, null);
        }

        if (models.Find(model) is { } found)
        {
            bool isOwnName = found.Kind == NameKind.Chain || models.IsAlias(model);
            return new RouteChoice(found, wished, isOwnName && (found.IsNamed || found.Kind == NameKind.Chain) ? model : null);
        }

        return ByMeaning(query, models.Follow(model), wished, out refusal);
    }

    /// <summary>auto, default, auto:STRATEGY.</summary>
    private static RouteChoice? ByMeaning(in RouteQuery query, string model, IRouteStrategy? wished, out GatewayError? refusal)
    {
        refusal = null;
        ModelDirectory models = query.Snapshot.Models;
        if (model.Equals("auto", StringComparison.OrdinalIgnoreCase))
        {
            return Auto(query, wished);
        }

        if (model.Equals("default", StringComparison.OrdinalIgnoreCase))
        {
            if (models.DefaultFor(query.Endpoint) is { Targets.Count: > 0 } byEndpoint)
            {
                return new RouteChoice(byEndpoint with { Targets = [byEndpoint.Targets[0]], Strategy = null, Parts = null }, null, null);
            }

            if (models.DefaultLlm(query.Caller.Workspace) is { } llm)
            {
                return new RouteChoice(new NameEntry(NameKind.Llm, [new RouteTarget(llm, llm.Options.Model)]), null, null);
            }

            refusal = new GatewayError(ErrorCode.ModelNotFound, "No default LLM is configured. Mark one with \"IsDefault\": true, or name a model.") { Param = "model" };
            return null;
        }

        if (!model.StartsWith(AutoMark, StringComparison.OrdinalIgnoreCase))
        {
            refusal = ChainBook.WhyEmpty(model) ?? NearNames.NotFound(query.Snapshot, query.Caller, query.Model!);
            return null;
        }

        string written = model[AutoMark.Length..];
        if (RouteStrategies.Find(Configuration.Strategies.Normalize(written)) is not { } named)
        {
            refusal = GatewayError.Invalid("model", $"Unknown strategy \"{(written.Length <= 64 ? written : written[..64] + "...")}\". Known: {string.Join(", ", Configuration.Strategies.All)}.");
            return null;
        }

        if (wished is not null && wished != named)
        {
            refusal = GatewayError.Invalid("strategy", $"The request asks for two strategies: \"{named.Name}\" by its model, \"{wished.Name}\" by its wish. Send one of them.");
            return null;
        }

        return Among(query, named);
    }

    private static RouteChoice Auto(in RouteQuery query, IRouteStrategy? wished)
    {
        ModelDirectory models = query.Snapshot.Models;
        if ((wished is null || query.Endpoint.StaysOnModel) && models.DefaultFor(query.Endpoint) is { } byEndpoint)
        {
            return new RouteChoice(byEndpoint, wished, null);
        }

        return wished is not null ? Among(query, wished)
            : models.DefaultStrategy is { } configured ? Among(query, configured)
            : new RouteChoice(models.Auto.For(query.Caller.Workspace, PrefersLocal(query)), null, null);
    }

    /// <summary>All there is, in a strategy's order. Priority's is known beforehand.</summary>
    private static RouteChoice Among(in RouteQuery query, IRouteStrategy strategy)
    {
        AutoOrder auto = query.Snapshot.Models.Auto;
        if (strategy != RouteStrategies.Priority)
        {
            return new RouteChoice(auto.ByPriority(localFirst: false), strategy, null);
        }

        query.Trace?.MadeBy(strategy);
        return new RouteChoice(auto.ByPriority(PrefersLocal(query)), null, null);
    }

    private static bool PrefersLocal(in RouteQuery query) => query.Wishes.PreferLocal ?? query.Snapshot.Options.Routing.PreferLocal;
}
