using System.Globalization;
using LlmProxy.Pipeline;

namespace LlmProxy.Routing;

/// <summary>Says in words what took an LLM away, and in one error why none is left. Names only LLMs that the caller may know.</summary>
internal sealed class Refusals(in RouteQuery query, CallNeeds? needs, BreakerRule rule)
{
    public static readonly GatewayError NothingConfigured = new(
        ErrorCode.NoHealthyProvider,
        "No LLM is configured that could answer. Set a provider's key (for example OPENAI_API_KEY) or add one under LlmProxy:Llms.");

    private const int MostNames = 12;

    private readonly RouteQuery _query = query;

    private string Asked => _query.Wishes.Chain is { } chain ? chain : _query.Model ?? "auto";

    /// <summary>One sentence about one LLM.</summary>
    public string Sentence(Removal removal, RouteTarget target)
    {
        Deployment llm = target.Deployment;
        return removal switch
        {
            Removal.OutOfScope => $"it belongs to the workspace \"{llm.Options.Scope}\"",
            Removal.NotAllowed => $"the key \"{_query.Caller.Name}\" may not use it",
            Removal.OtherProvider => $"it is of provider {llm.ProviderName}, not {_query.Wishes.Provider}",
            Removal.OtherModel => "it serves another vendor model, and such a call never moves to one",
            Removal.NoEndpoint => $"it does not serve the endpoint \"{_query.Endpoint.Path}\"",
            Removal.External => _query.Wishes.LocalOnly == true ? "it is external, and the request asks for local LLMs only" : $"it is external, and the key \"{_query.Caller.Name}\" may not send data out",
            Removal.House => "it is external and stands behind a local LLM, and neither a chain, Fallbacks, a strategy nor Routing:Fallback says that the call may leave the house",
            Removal.Capability => $"it does not list {Missing(target)}",
            Removal.Tools => "it does not take tools",
            Removal.Images => "it does not see images",
            Removal.JsonSchema => "it does not answer in JSON on demand",
            Removal.Context => Invariant($"the prompt has about {needs!.PromptTokens} tokens, its context window {target.Facts.ContextWindow}"),
            Removal.Latency => Invariant($"it takes about {TargetFilter.LatencyMs(target, needs!):0} ms to its first output, more than max_latency_ms {needs!.MaxLatencyMs}"),
            Removal.Budget => double.IsNaN(needs!.ExpectedCost(target))
                ? "its price is not known, so budget_remaining cannot be kept"
                : Invariant($"the call is expected to cost {needs.ExpectedCost(target):0.######} USD, more than budget_remaining {needs.BudgetUsd}"),
            Removal.Unavailable => $"it cannot be called: {llm.Unavailable}",
            Removal.Breaker => Invariant($"it has failed too often lately and rests for {Math.Ceiling(llm.State.Breaker.RestLeft(rule).TotalSeconds):0} s more"),
            _ => "",
        };
    }

    /// <summary>The caller asked for what one named target, or one member of a chain, rules out.</summary>
    public GatewayError Named(Removal removal, RouteTarget target, bool isChain) => removal switch
    {
        Removal.NotAllowed when isChain => new GatewayError(ErrorCode.ModelNotAllowed, $"The key \"{_query.Caller.Name}\" may not use every LLM of the chain \"{Asked}\". GET /v1/models lists what it may call.") { Param = "model" },
        Removal.OutOfScope => new GatewayError(ErrorCode.ModelNotFound, $"The model \"{Asked}\" is not known to the workspace \"{_query.Caller.Workspace}\".") { Param = "model" },
        Removal.NotAllowed => new GatewayError(ErrorCode.ModelNotAllowed, $"The key \"{_query.Caller.Name}\" may not use the model \"{Asked}\". GET /v1/models lists what it may call.") { Param = "model" },
        Removal.NoEndpoint => new GatewayError(ErrorCode.UnsupportedEndpoint, $"The LLM \"{target.Deployment.Name}\" (provider {target.Deployment.ProviderName}) does not serve the endpoint \"{_query.Endpoint.Path}\".") { Param = "model", Provider = target.Deployment.ProviderName },
        Removal.OtherProvider => new GatewayError(ErrorCode.ModelNotFound, $"No LLM of provider \"{_query.Wishes.Provider}\" serves this model.") { Param = "provider" },
        Removal.External => new GatewayError(ErrorCode.ExternalNotAllowed, _query.Wishes.LocalOnly == true
            ? $"The request asks for local LLMs only, and none that serves it is local (\"{target.Deployment.Name}\" is external)."
            : $"The key \"{_query.Caller.Name}\" may not send data to external LLMs, and \"{target.Deployment.Name}\" is external."),
        Removal.House => new GatewayError(ErrorCode.ExternalNotAllowed, $"The LLM \"{target.Deployment.Name}\" is not asked: {Sentence(removal, target)}."),
        Removal.Context => new GatewayError(ErrorCode.ContextLengthExceeded, $"The LLM \"{target.Deployment.Name}\" cannot answer this call: {Sentence(removal, target)}.") { Param = _query.Endpoint.RequiredField ?? "messages" },
        Removal.Unavailable => new GatewayError(ErrorCode.NoHealthyProvider, $"The LLM \"{target.Deployment.Name}\" cannot be called: {target.Unavailable}.") { Provider = target.Deployment.ProviderName, ShouldRetry = false },
        Removal.Breaker => new GatewayError(ErrorCode.NoHealthyProvider, $"The LLM \"{target.Deployment.Name}\" cannot be called: {Sentence(removal, target)}.") { Provider = target.Deployment.ProviderName, RetryAfter = target.State.Breaker.RestLeft(rule) },
        _ => GatewayError.Invalid(Param(removal), $"The LLM \"{target.Deployment.Name}\" cannot answer this call: {Sentence(removal, target)}."),
    };

    /// <summary>Everything was taken away. The gravest reason decides the code; the message names them all.</summary>
    public GatewayError NothingLeft(IReadOnlyList<(RouteTarget Target, Removal Removal)> removed, bool isChain)
    {
        List<(RouteTarget Target, Removal Removal)> told = [.. removed.Where(r => r.Removal.MayBeTold())];
        if (told.Count == 0)
        {
            return removed.Count == 0 ? NothingConfigured : Named(removed.MaxBy(r => r.Removal).Removal, removed[0].Target, isChain);
        }

        (RouteTarget target, Removal worst) = told.MaxBy(r => r.Removal);
        GatewayError error = Named(worst, target, isChain);
        if (worst == Removal.Breaker)
        {
            error = error with { RetryAfter = told.Where(r => r.Removal == Removal.Breaker).Min(r => r.Target.Deployment.State.Breaker.RestLeft(rule)) };
        }

        if (told.Count == 1 || (!worst.IsNeed() && told.TrueForAll(r => r.Removal == worst) && worst < Removal.Capability))
        {
            return error;
        }

        IEnumerable<string> each = told.Take(MostNames).Select(r => $"[{r.Target.Deployment.Name}] {r.Removal.Word()}: {Sentence(r.Removal, r.Target)}.");
        string more = told.Count > MostNames ? $" And {told.Count - MostNames} more." : "";
        return error with { Message = $"No LLM is left that could answer this call. {string.Join(" ", each)}{more}", Provider = null };
    }

    private string Missing(RouteTarget target) =>
        string.Join(", ", needs!.Demanded.Where(name => !target.Facts.Capabilities.Contains(name)).Select(name => $"\"{name}\""));

    private string Param(Removal removal) => removal switch
    {
        Removal.Capability => _query.Wishes.Capabilities.Count > 0 ? "capability" : "task",
        Removal.Latency => "max_latency_ms",
        Removal.Budget => "budget_remaining",
        _ => "model",
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
