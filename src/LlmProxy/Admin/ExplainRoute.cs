using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Hosting;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Admin;

/// <summary>POST /admin/api/explain: where a request would go and why, without sending it anywhere.</summary>
internal sealed class ExplainRoute(BufferBudget budget, Shutdown shutdown, TimeProvider time)
{
    /// <summary>What stands beside the request itself: on whose behalf, and for which endpoint.</summary>
    private static readonly string[] Own = ["key", "workspace", "endpoint"];

    public async Task<GatewayError?> ExplainAsync(HttpContext http, GatewaySnapshot snapshot)
    {
        using var body = new AdminBody(budget, time);
        Caller caller = Caller.Operator;
        EndpointKind endpoint = EndpointKind.Chat;
        GatewayError? wrong = await body.ReadAsync(http, snapshot, snapshot.Options.Limits.MaxBodyBytes, known: null)
            ?? EndpointIn(body, out endpoint) ?? CallerIn(body, snapshot, out caller);
        if (wrong is not null)
        {
            return wrong;
        }

        HttpContext inner = InnerRequest.For(http, endpoint, Request(body.Root, endpoint));
        InnerRequest.CopyWishes(http.Request, inner.Request);
        var exchange = new Exchange(inner, endpoint, snapshot, time, budget, shutdown) { Caller = caller };
        try
        {
            if (await RequestReader.ReadAsync(exchange) is { } unread)
            {
                return unread;
            }

            var trace = new RouteTrace();
            RoutePlan plan = RoutePlanner.PlanFor(RouteQuery.Of(exchange, trace) with { IsDryRun = true });
            return await AdminJson.SendAsync(http, json => Write(json, exchange, plan, trace));
        }
        finally
        {
            exchange.LetGo();
        }
    }

    private static void Write(Utf8JsonWriter json, Exchange exchange, RoutePlan plan, RouteTrace trace)
    {
        json.WriteString("model", exchange.RequestedModel);
        json.WriteString("endpoint", exchange.Endpoint.Name);
        json.WriteString("key", ReferenceEquals(exchange.Caller, Caller.Operator) ? null : exchange.Caller.Name);
        json.WriteString("workspace", exchange.Caller.Workspace);
        json.WritePropertyName("route");
        trace.Write(json, all: true);
        if (plan.Refusal is not { } refusal)
        {
            json.WriteNull("refusal");
            return;
        }

        json.WriteStartObject("refusal");
        json.WriteNumber("status", refusal.Status);
        json.WriteString("code", refusal.Code.Wire());
        json.WriteString("message", refusal.Message);
        json.WriteEndObject();
    }

    private static GatewayError? EndpointIn(AdminBody body, out EndpointKind endpoint)
    {
        endpoint = EndpointKind.Chat;
        if (body.Text("endpoint", out string? name) is { } wrong)
        {
            return wrong;
        }

        if (name is null)
        {
            return null;
        }

        EndpointKind[] known = [.. EndpointKind.All.Where(kind => kind is { IsMultipart: false, Routes.Count: > 0 })];
        EndpointKind? found = Array.Find(known, kind => kind.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (found is null)
        {
            return GatewayError.Invalid("endpoint", $"Unknown endpoint.{AdminJson.Near(name, known.Select(kind => kind.Name))} Known: {string.Join(", ", known.Select(kind => kind.Name))}.");
        }

        endpoint = found;
        return null;
    }

    private static GatewayError? CallerIn(AdminBody body, GatewaySnapshot snapshot, out Caller caller)
    {
        caller = Caller.Operator;
        string? workspace = null;
        if ((body.Text("key", out string? key) ?? body.Text("workspace", out workspace)) is { } wrong)
        {
            return wrong;
        }

        if (key is not null && workspace is not null)
        {
            return GatewayError.Invalid("workspace", "Say a key or a workspace, not both: a key has its workspace.");
        }

        if (key is not null)
        {
            return WithKey(key, snapshot, ref caller);
        }

        return workspace is not null ? InWorkspace(workspace, snapshot, ref caller) : null;
    }

    private static GatewayError? WithKey(string name, GatewaySnapshot snapshot, ref Caller caller)
    {
        Caller[] known = [.. snapshot.Keys.Callers.Where(key => key.RevokedAt is null)];
        if (Array.Find(known, key => key.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } found)
        {
            caller = found;
            return null;
        }

        // What was sent may be the secret itself: it is not repeated.
        string[] names = [.. known.Take(1000).Select(key => key.Name)];
        return GatewayError.Invalid("key", $"No key has this name (its name is wanted, not its secret).{AdminJson.Near(name, names)} Known: {string.Join(", ", names.Take(20))}.");
    }

    private static GatewayError? InWorkspace(string name, GatewaySnapshot snapshot, ref Caller caller)
    {
        GatewayOptions options = snapshot.Options;
        string[] known =
        [
            .. snapshot.Workspaces.Keys
                .Concat(snapshot.Keys.Callers.Select(key => key.Workspace))
                .Concat(options.Llms.Select(llm => llm.Scope).Where(scope => !scope.Equals("global", StringComparison.OrdinalIgnoreCase)))
                .Append("default")
                .Distinct(StringComparer.OrdinalIgnoreCase),
        ];
        if (!known.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return GatewayError.Invalid("workspace", $"Nothing belongs to a workspace of this name.{AdminJson.Near(name, known)} Known: {string.Join(", ", known.Take(20))}.");
        }

        caller = new Caller(new KeyOptions { Name = "explain", Workspace = name });
        return null;
    }

    /// <summary>The request as a client would send it. Where the content does not matter it may be left out.</summary>
    private static ReadOnlyMemory<byte> Request(JsonElement root, EndpointKind endpoint)
    {
        using var request = new MemoryStream();
        using (var json = new Utf8JsonWriter(request, AdminJson.Writing))
        {
            json.WriteStartObject();
            foreach (JsonProperty member in root.EnumerateObject())
            {
                if (!Own.Contains(member.Name, StringComparer.Ordinal))
                {
                    member.WriteTo(json);
                }
            }

            if (endpoint.RequiredField is { } required && !root.TryGetProperty(required, out _))
            {
                json.WritePropertyName(required);
                json.WriteRawValue(required == "messages" ? """[{"role":"user","content":"Hello"}]""" : "\"Hello\"");
            }

            json.WriteEndObject();
        }

        return request.ToArray();
    }
}
