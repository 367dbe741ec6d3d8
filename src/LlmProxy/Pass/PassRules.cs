using System.Globalization;
using LlmProxy.Configuration.Options;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Pass;

/// <summary>Who may pass what to whom.</summary>
internal static class PassRules
{
    private static readonly string[] ModelSegments = ["models", "model", "deployments"];

    public static GatewayError? Find(Exchange exchange, out Deployment? llm)
    {
        string name = Uri.UnescapeDataString(Convert.ToString(exchange.Http.Request.RouteValues["llm"], CultureInfo.InvariantCulture) ?? "");
        exchange.RequestedModel = name;
        if (!exchange.Snapshot.Llms.TryGetValue(name, out llm) || !llm.IsVisibleTo(exchange.Caller.Workspace))
        {
            return NearNames.NotFound(exchange.Snapshot, exchange.Caller, name);
        }

        if (!exchange.Caller.AllowsEverything && !exchange.Caller.Allows(llm.Name) && !exchange.Caller.Allows($"{llm.ProviderName}/{llm.Options.Model}"))
        {
            return new GatewayError(ErrorCode.ModelNotAllowed, $"The key \"{exchange.Caller.Name}\" may not use the model \"{llm.Name}\". GET /v1/models lists what it may call.") { Param = "model" };
        }

        if (!llm.IsLocal && !llm.IsDummy && MustStayHome(exchange))
        {
            return new GatewayError(ErrorCode.ExternalNotAllowed, $"This call must stay in the house, and the LLM \"{llm.Name}\" is external.");
        }

        return llm.Unavailable is { } why
            ? new GatewayError(ErrorCode.NoHealthyProvider, $"The LLM \"{llm.Name}\" cannot be called: {why}.") { Provider = llm.ProviderName, ShouldRetry = false }
            : null;
    }

    /// <summary>
    /// A key that is held to certain models must not reach the vendor's others through the side door: what it names in path
    /// or body is checked. For keys without that rule the body is not read.
    /// </summary>
    public static async ValueTask<GatewayError?> CheckModelAsync(Exchange exchange, Deployment llm)
    {
        HttpRequest request = exchange.Http.Request;
        bool isFree = exchange.Caller.AllowsEverything || (llm.IsWildcard && exchange.Caller.Allows(llm.ProviderName + "/*"));
        bool isWatched = MustStayHome(exchange) && llm.IsLocal && llm.Options.Local != true; // Some of its models may not run at home.
        if (isFree && !isWatched && !llm.Provider.Card.SignsBody)
        {
            return null;
        }

        if (!isFree && ModelInPath(request) is { } addressed && !MayUse(exchange, llm, addressed))
        {
            return NotAllowed(exchange, addressed);
        }

        if (request.ContentLength is 0 || !(request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0))
        {
            return null;
        }

        LimitsOptions limits = exchange.Snapshot.Options.Limits;
        exchange.Body = new RequestBody(exchange.Budget);
        if (await exchange.Body.ReadAsync(request, limits.MaxBodyBytes, TimeSpan.FromSeconds(limits.BodySeconds), exchange.Time, exchange.Aborted) is { } refusal)
        {
            return refusal;
        }

        if (isFree && !isWatched)
        {
            return null;
        }

        bool isJson = request.ContentType?.Contains("json", StringComparison.OrdinalIgnoreCase) == true;
        if (isFree && !isJson)
        {
            return request.HasFormContentType
                ? null
                : new GatewayError(ErrorCode.ExternalNotAllowed, "This call must stay in the house: send JSON, where the gateway can see that the model it names runs there.");
        }

        if (!isJson)
        {
            return new GatewayError(ErrorCode.ModelNotAllowed, $"The key \"{exchange.Caller.Name}\" is held to certain models and may pass on JSON alone, where the gateway can see which model is meant.") { Param = "model" };
        }

        var peek = new RequestPeek();
        if (peek.Read(exchange.Endpoint, exchange.Body.Span) is { } malformed)
        {
            return malformed;
        }

        if (peek.Model is not { } model)
        {
            return null;
        }

        if (isWatched && !new RouteTarget(llm, model).IsLocal)
        {
            return new GatewayError(ErrorCode.ExternalNotAllowed, $"This call must stay in the house, and the model \"{model}\" runs outside of it.") { Param = "model" };
        }

        return isFree || MayUse(exchange, llm, model) ? null : NotAllowed(exchange, model);
    }

    private static bool MustStayHome(Exchange exchange) => exchange.Wishes.LocalOnly == true || !exchange.Caller.Key.AllowExternal;

    /// <summary>What stands behind /pass/{llm}, escaped as it came.</summary>
    public static string RestOf(HttpRequest request)
    {
        string path = request.Path.ToUriComponent();
        int slash = path.IndexOf('/', "/pass/".Length);
        return slash < 0 ? "" : path[slash..];
    }

    private static string? ModelInPath(HttpRequest request)
    {
        string[] segments = Uri.UnescapeDataString(RestOf(request)).Split('/');
        for (int i = 0; i < segments.Length - 1; i++)
        {
            if (ModelSegments.Contains(segments[i], StringComparer.OrdinalIgnoreCase))
            {
                return segments[i + 1].Split(':')[0];
            }
        }

        return null;
    }

    private static bool MayUse(Exchange exchange, Deployment llm, string model) =>
        model.Equals(llm.Options.Model, StringComparison.OrdinalIgnoreCase)
        || exchange.Caller.Allows($"{llm.ProviderName}/{model}")
        || (llm.IsWildcard && exchange.Caller.Allows(model));

    private static GatewayError NotAllowed(Exchange exchange, string model) =>
        new(ErrorCode.ModelNotAllowed, $"The key \"{exchange.Caller.Name}\" may not use the model \"{model}\".") { Param = "model" };
}
