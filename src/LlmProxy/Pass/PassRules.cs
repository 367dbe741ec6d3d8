using System.Globalization;
using LlmProxy.Configuration.Options;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using Microsoft.AspNetCore.Http.Features;

namespace LlmProxy.Pass;

/// <summary>Who may pass what to whom.</summary>
internal static class PassRules
{
    private static readonly string[] ModelSegments = ["models", "tunedModels", "model", "deployments"];

    private const string Blobs = "/api/blobs/";

    /// <summary>What Google's bodies set before the name that its addresses have.</summary>
    private const string Collection = "models/";

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

        if (!isFree && ModelsInPath(request).Find(addressed => !MayAddress(exchange, llm, addressed)) is { } other)
        {
            return NotAllowed(exchange, other);
        }

        if (!HasBody(request) || (isFree && isWatched && IsBlob(request)))
        {
            return null;
        }

        LimitsOptions limits = exchange.Snapshot.Options.Limits;
        exchange.Body = new RequestBody(exchange.Budget);
        if (await exchange.Body.ReadAsync(request, limits.MaxBodyBytes, TimeSpan.FromSeconds(limits.BodySeconds), exchange.Time, exchange.Aborted) is { } refusal)
        {
            return refusal;
        }

        if ((isFree && !isWatched) || exchange.Body.Span.IsEmpty)
        {
            return null;
        }

        if (!isFree && request.ContentType?.Contains("json", StringComparison.OrdinalIgnoreCase) != true)
        {
            return new GatewayError(ErrorCode.ModelNotAllowed, $"The key \"{exchange.Caller.Name}\" is held to certain models and may pass on JSON alone, where the gateway can see which model is meant.") { Param = "model" };
        }

        // Whatever type it says it has: servers at home do not look at that.
        return NamedModels.Check(exchange.Body.Span, isWatched || llm.ProviderName == "ollama", Judge, isWatched
            ? new GatewayError(ErrorCode.ExternalNotAllowed, $"This call must stay in the house, and some models at the LLM \"{llm.Name}\" may run outside of it: the gateway passes on JSON alone there, where it can see which model is meant.")
            : new GatewayError(ErrorCode.InvalidJson, "The request body is not valid JSON, so the gateway cannot see which model is meant."));

        GatewayError? Judge(string model) =>
            model.Length == 0 ? null
            : isWatched && !RouteTarget.StaysHome(llm, model) ? RunsOutside(model)
            : isFree || MayUse(exchange, llm, model) ? null : NotAllowed(exchange, model);
    }

    private static GatewayError RunsOutside(string model) =>
        new(ErrorCode.ExternalNotAllowed, $"This call must stay in the house, and the model \"{model}\" runs outside of it.") { Param = "model" };

    private static bool MustStayHome(Exchange exchange) => exchange.Wishes.LocalOnly == true || !exchange.Caller.Key.AllowExternal;

    /// <summary>What stands behind /pass/{llm}, escaped as it came.</summary>
    public static string RestOf(HttpRequest request)
    {
        string path = request.Path.ToUriComponent();
        int slash = path.IndexOf('/', "/pass/".Length);
        return slash < 0 ? "" : path[slash..];
    }

    private static bool HasBody(HttpRequest request) =>
        request.ContentLength is not 0 && request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: false };

    /// <summary>A piece of a model on its way to Ollama: bytes under their own digest, which name nothing.</summary>
    private static bool IsBlob(HttpRequest request) =>
        RestOf(request) is var path && path.StartsWith(Blobs, StringComparison.Ordinal) && path.AsSpan(Blobs.Length).IndexOfAny('/', '%') < 0;

    private static List<string> ModelsInPath(HttpRequest request)
    {
        string[] segments = Uri.UnescapeDataString(RestOf(request)).Split('/');
        return [.. Enumerable.Range(1, segments.Length - 1)
            .Where(i => ModelSegments.Contains(segments[i - 1], StringComparer.OrdinalIgnoreCase))
            .Select(i => segments[i - 1].Equals("tunedModels", StringComparison.OrdinalIgnoreCase) ? "tunedModels/" + segments[i] : segments[i])];
    }

    /// <summary>Google's addresses have a verb behind the model's name ("gemini-pro:countTokens"), other names have a colon of their own.</summary>
    private static bool MayAddress(Exchange exchange, Deployment llm, string segment) =>
        MayUse(exchange, llm, segment) || (segment.LastIndexOf(':') is >= 0 and var colon && MayUse(exchange, llm, segment[..colon]));

    private static bool MayUse(Exchange exchange, Deployment llm, string model) =>
        model.Equals(llm.Options.Model, StringComparison.OrdinalIgnoreCase)
        || exchange.Caller.Allows($"{llm.ProviderName}/{model}")
        || (llm.IsWildcard && exchange.Caller.Allows(model))
        || (model.StartsWith(Collection, StringComparison.OrdinalIgnoreCase) && MayUse(exchange, llm, model[Collection.Length..]));

    private static GatewayError NotAllowed(Exchange exchange, string model) =>
        new(ErrorCode.ModelNotAllowed, $"The key \"{exchange.Caller.Name}\" may not use the model \"{model}\".") { Param = "model" };
}
