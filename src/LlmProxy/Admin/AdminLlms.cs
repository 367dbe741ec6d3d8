using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Admin;

/// <summary>All LLMs that are configured, the disabled ones too, and one of them tried out.</summary>
internal sealed class AdminLlms(LlmTrial trial)
{
    private const string TestSuffix = "/test";

    private static readonly string[] Filters = ["provider", "enabled", "scope", "q"];

    public static async Task<GatewayError?> ListAsync(HttpContext http, GatewaySnapshot snapshot)
    {
        IEnumerable<LlmOptions> llms = snapshot.Options.Llms.OrderBy(llm => llm.Priority).ThenBy(llm => llm.Name, StringComparer.OrdinalIgnoreCase);
        foreach ((string name, StringValues value) in http.Request.Query)
        {
            if (Filter(name, value.ToString(), out Func<LlmOptions, bool> keep) is { } wrong)
            {
                return wrong;
            }

            llms = llms.Where(keep);
        }

        return await AdminJson.SendAsync(http, json =>
        {
            json.WriteStartArray("data");
            foreach (LlmOptions llm in llms)
            {
                LlmEntry.Write(json, snapshot, llm);
            }

            json.WriteEndArray();
        });
    }

    public static async Task<GatewayError?> OneAsync(HttpContext http, GatewaySnapshot snapshot)
    {
        if (Find(snapshot, IdOf(http), out GatewayError? unknown) is not { } llm)
        {
            return unknown;
        }

        return await AdminJson.SendObjectAsync(http, json => LlmEntry.Write(json, snapshot, llm));
    }

    /// <summary>POST below an LLM's id. Its name may hold slashes, so what is asked for is read from the end.</summary>
    public async Task<GatewayError?> ActAsync(HttpContext http, GatewaySnapshot snapshot)
    {
        string rest = IdOf(http);
        if (!rest.EndsWith(TestSuffix, StringComparison.OrdinalIgnoreCase))
        {
            return NotHere(http);
        }

        return Find(snapshot, rest[..^TestSuffix.Length], out GatewayError? unknown) is { } llm ? await trial.RunAsync(http, snapshot, llm) : unknown;
    }

    public static LlmOptions? Find(GatewaySnapshot snapshot, string id, out GatewayError? unknown)
    {
        LlmOptions? found = snapshot.Options.Llms.Find(llm => llm.Name.Equals(id, StringComparison.OrdinalIgnoreCase));
        string[] names = [.. snapshot.Options.Llms.Select(llm => llm.Name)];
        unknown = found is not null ? null : new GatewayError(
            ErrorCode.UnknownName,
            $"No LLM is called \"{(id.Length <= 64 ? id : id[..64] + "...")}\".{AdminJson.Near(id, names)} Known: {string.Join(", ", names.Take(20))}{(names.Length > 20 ? ", ..." : "")}.");
        return found;
    }

    /// <summary>For an address or a method that is not there.</summary>
    public static GatewayError NotHere(HttpContext http)
    {
        bool isLlms = http.Request.Path.StartsWithSegments("/admin/api/llms");
        string hint = isLlms ? "LLMs are changed in the configuration; here they are read and tested." : "/swagger lists what it has.";
        string path = http.Request.Path.Value ?? "/";
        return new GatewayError(ErrorCode.UnknownRoute, $"This gateway has no {http.Request.Method} {(path.Length <= 200 ? path : path[..200] + "...")}. {hint}");
    }

    private static string IdOf(HttpContext http) => RouteText.Of(http, "id");

    private static GatewayError? Filter(string name, string value, out Func<LlmOptions, bool> keep)
    {
        keep = _ => true;
        switch (name)
        {
            case "provider":
                keep = llm => llm.Provider.Equals(value, StringComparison.OrdinalIgnoreCase);
                return null;
            case "scope":
                keep = llm => llm.Scope.Equals(value, StringComparison.OrdinalIgnoreCase);
                return null;
            case "q":
                keep = llm => llm.Name.Contains(value, StringComparison.OrdinalIgnoreCase) || llm.Model.Contains(value, StringComparison.OrdinalIgnoreCase);
                return null;
            case "enabled" when bool.TryParse(value, out bool isEnabled):
                keep = llm => llm.Enabled == isEnabled;
                return null;
            case "enabled":
                return GatewayError.Invalid("enabled", "enabled must be true or false.");
            default:
                return GatewayError.Invalid(name.Length <= 64 ? name : name[..64], $"Unknown parameter. Known: {string.Join(", ", Filters)}.");
        }
    }
}
