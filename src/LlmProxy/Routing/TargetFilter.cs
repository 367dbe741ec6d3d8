using LlmProxy.Access;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;

namespace LlmProxy.Routing;

/// <summary>Takes away the LLMs that this call may not reach, and says why when none is left.</summary>
internal readonly struct TargetFilter(Caller caller, EndpointKind endpoint, Wishes wishes, bool nameIsAllowed)
{
    public static readonly GatewayError NothingConfigured = new(
        ErrorCode.NoHealthyProvider,
        "No LLM is configured that could answer. Set a provider's key (for example OPENAI_API_KEY) or add one under LlmProxy:Llms.");

    private enum Removal
    {
        None,
        OutOfScope,
        OtherProvider,
        NoEndpoint,
        NotAllowed,
        External,
        Unavailable,
    }

    public RoutePlan Apply(NameEntry entry)
    {
        IReadOnlyList<RouteTarget> targets = entry.Targets;
        int kept = 0;
        while (kept < targets.Count && Check(targets[kept]) == Removal.None)
        {
            kept++;
        }

        // The common case: nothing is taken away, the list made at load serves as it is.
        if (kept == targets.Count && kept > 0)
        {
            return RoutePlan.To(entry.Kind == NameKind.Default ? HouseRule.StayHome(targets) : targets);
        }

        return Narrow(entry);
    }

    private RoutePlan Narrow(NameEntry entry)
    {
        var left = new List<RouteTarget>(entry.Targets.Count);
        Removal worst = Removal.None;
        RouteTarget? removed = null;
        foreach (RouteTarget target in entry.Targets)
        {
            Removal removal = Check(target);
            if (removal == Removal.None)
            {
                left.Add(target);
                continue;
            }

            // A key must be allowed every target of a chain, and the LLM it names; a follower it may not use just falls away.
            bool isAsked = entry.Kind == NameKind.Chain || (entry.Kind == NameKind.Llm && ReferenceEquals(target, entry.Targets[0]));
            if (isAsked && removal is Removal.NotAllowed)
            {
                return RoutePlan.Refuse(Explain(removal, target));
            }

            // A named LLM that cannot serve the endpoint is the caller's mistake; its fallbacks are for failures.
            if (entry.Kind == NameKind.Llm && ReferenceEquals(target, entry.Targets[0]) && removal is Removal.NoEndpoint or Removal.OutOfScope)
            {
                return RoutePlan.Refuse(Explain(removal, target));
            }

            if (removal > worst)
            {
                worst = removal;
                removed = target;
            }
        }

        if (left.Count == 0)
        {
            return RoutePlan.Refuse(removed is null
                ? NothingConfigured
                : Explain(worst, removed));
        }

        return RoutePlan.To(entry.Kind == NameKind.Default ? HouseRule.StayHome(left) : left);
    }

    private Removal Check(RouteTarget target)
    {
        Deployment llm = target.Deployment;
        if (!llm.IsVisibleTo(caller.Workspace))
        {
            return Removal.OutOfScope;
        }

        if (wishes.Provider is { } provider && !llm.ProviderName.Equals(provider, StringComparison.OrdinalIgnoreCase))
        {
            return Removal.OtherProvider;
        }

        if (!llm.Has(endpoint))
        {
            return Removal.NoEndpoint;
        }

        if (!caller.AllowsEverything && !nameIsAllowed && !IsAllowed(target))
        {
            return Removal.NotAllowed;
        }

        if (!target.IsLocal && (wishes.LocalOnly == true || !caller.Key.AllowExternal) && !llm.IsDummy)
        {
            return Removal.External;
        }

        return llm.Unavailable is null ? Removal.None : Removal.Unavailable;
    }

    private bool IsAllowed(RouteTarget target) =>
        caller.Allows(target.Deployment.Name)
        || caller.Allows($"{target.Deployment.ProviderName}/{target.Model}")
        || (target.Deployment.IsWildcard && caller.Allows(target.Model));

    private GatewayError Explain(Removal removal, RouteTarget target)
    {
        Deployment llm = target.Deployment;
        return removal switch
        {
            Removal.OutOfScope => new GatewayError(ErrorCode.ModelNotFound, $"The model \"{llm.Name}\" is not known to the workspace \"{caller.Workspace}\".") { Param = "model" },
            Removal.OtherProvider => new GatewayError(ErrorCode.ModelNotFound, $"No LLM of provider \"{wishes.Provider}\" serves this model.") { Param = "provider" },
            Removal.NoEndpoint => new GatewayError(ErrorCode.UnsupportedEndpoint, $"The LLM \"{llm.Name}\" (provider {llm.ProviderName}) does not serve the endpoint \"{endpoint.Path}\".") { Param = "model", Provider = llm.ProviderName },
            Removal.NotAllowed => new GatewayError(ErrorCode.ModelNotAllowed, $"The key \"{caller.Name}\" may not use the model \"{llm.Name}\". GET /v1/models lists what it may call.") { Param = "model" },
            Removal.External => new GatewayError(ErrorCode.ExternalNotAllowed, wishes.LocalOnly == true
                ? $"The request asks for local LLMs only, and none that serves it is local (\"{llm.Name}\" is external)."
                : $"The key \"{caller.Name}\" may not send data to external LLMs, and \"{llm.Name}\" is external."),
            _ => new GatewayError(ErrorCode.NoHealthyProvider, $"The LLM \"{llm.Name}\" cannot be called: {llm.Unavailable}.") { Provider = llm.ProviderName, ShouldRetry = false },
        };
    }
}
