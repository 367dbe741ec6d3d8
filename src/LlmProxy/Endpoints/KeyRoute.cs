using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Accounting;
using LlmProxy.Admin;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Limits;
using LlmProxy.Pipeline;

namespace LlmProxy.Endpoints;

/// <summary>GET /v1/key: what the caller's key may do, what is left of it, and what it has spent. Never the key.</summary>
internal sealed class KeyRoute(SnapshotHolder snapshots, KeyGate keys, LimitGate limits)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        KeyRoute route = routes.ServiceProvider.GetRequiredService<KeyRoute>();
        routes.MapGet("/v1/key", (RequestDelegate)route.ShowAsync);
        routes.MapGet("/key", (RequestDelegate)route.ShowAsync);
    }

    private async Task ShowAsync(HttpContext http)
    {
        GatewaySnapshot snapshot = snapshots.Current;
        if (keys.Admit(http, snapshot, out Caller caller) is { } stranger)
        {
            await ErrorAnswer.SendAsync(http, stranger, Guid.CreateVersion7().ToString());
            return;
        }

        snapshot.Workspaces.TryGetValue(caller.Workspace, out WorkspaceOptions? workspace);
        KeyStanding standing = limits.Standing(caller.Key, workspace);
        await AdminJson.SendAsync(http, json =>
        {
            WriteKey(json, caller);
            json.WriteStartArray("models");
            foreach (ModelEntry model in ModelEntry.VisibleTo(snapshot, caller))
            {
                json.WriteStringValue(model.Id);
            }

            json.WriteEndArray();
            WriteStanding(json, standing.Key);
            WriteNumber(json, "per_user_requests_per_minute", caller.Key.PerUserRequestsPerMinute);
            if (standing.Workspace is { } shared)
            {
                json.WriteStartObject("workspace_standing");
                WriteStanding(json, shared);
                json.WriteEndObject();
            }
            else
            {
                json.WriteNull("workspace_standing");
            }
        });
    }

    private static void WriteKey(Utf8JsonWriter json, Caller caller)
    {
        bool isOperator = ReferenceEquals(caller, Caller.Operator);
        json.WriteString("name", caller.Name);
        json.WriteString("kind", isOperator ? "admin" : ReferenceEquals(caller, Caller.Anyone) ? "open" : "key");
        json.WriteString("workspace", caller.Workspace);
        if (caller.Key.ExpiresAt is { } end)
        {
            json.WriteString("expires_at", end.UtcDateTime);
        }
        else
        {
            json.WriteNull("expires_at");
        }

        json.WriteBoolean("allow_external", caller.Key.AllowExternal);
        json.WriteNumber("priority", caller.Key.Priority);
        WriteList(json, "tags", caller.Key.Tags);
        WriteList(json, "allowed_models", caller.Key.AllowedModels);
    }

    private static void WriteStanding(Utf8JsonWriter json, HolderStanding standing)
    {
        WriteRate(json, "requests_per_minute", standing.Limits.RequestsPerMinute, standing.Requests);
        WriteRate(json, "tokens_per_minute", standing.Limits.TokensPerMinute, standing.Tokens);
        if (standing.Limits.MaxParallel == 0)
        {
            json.WriteNull("parallel");
        }
        else
        {
            json.WriteStartObject("parallel");
            json.WriteNumber("limit", standing.Limits.MaxParallel);
            json.WriteNumber("remaining", Math.Max(0, standing.Limits.MaxParallel - standing.Running));
            json.WriteEndObject();
        }

        WriteBudget(json, standing.Budget);
    }

    private static void WriteRate(Utf8JsonWriter json, string name, long limit, RateReport report)
    {
        if (limit == 0)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteNumber("limit", limit);
        json.WriteNumber("remaining", report.IsEmpty ? limit : Math.Max(0, report.Remaining));
        json.WriteNumber("reset_ms", (long)Math.Ceiling(Math.Max(0, report.Reset.TotalMilliseconds)));
        json.WriteEndObject();
    }

    private static void WriteBudget(Utf8JsonWriter json, BudgetStanding? budget)
    {
        if (budget is null)
        {
            json.WriteNull("budget");
            return;
        }

        json.WriteStartObject("budget");
        json.WriteString("period", budget.Span.Period.ToString().ToLowerInvariant());
        WriteMoment(json, "period_start", budget.Span.Period == BudgetPeriod.Total ? null : budget.Span.Start);
        WriteMoment(json, "period_end", budget.Span.End);
        WriteUsd(json, "budget_usd", budget.Numbers.Units == 0 ? null : budget.Numbers.Units);
        WriteUsd(json, "spent_usd", budget.Spent.Units);
        WriteUsd(json, "held_usd", budget.Held.Units);
        WriteUsd(json, "remaining_usd", budget.UnitsLeft);
        WriteNumber(json, "budget_tokens", budget.Numbers.Tokens);
        json.WriteNumber("spent_tokens", budget.Spent.Tokens);
        json.WriteNumber("held_tokens", budget.Held.Tokens);
        if (budget.TokensLeft is { } left)
        {
            json.WriteNumber("remaining_tokens", left);
        }
        else
        {
            json.WriteNull("remaining_tokens");
        }

        json.WriteBoolean("complete", budget.IsKnown);
        json.WriteEndObject();
    }

    /// <summary>Nought is no limit, which in JSON is nothing.</summary>
    private static void WriteNumber(Utf8JsonWriter json, string name, long limit)
    {
        if (limit == 0)
        {
            json.WriteNull(name);
        }
        else
        {
            json.WriteNumber(name, limit);
        }
    }

    private static void WriteMoment(Utf8JsonWriter json, string name, DateTimeOffset? moment)
    {
        if (moment is { } known)
        {
            json.WriteString(name, known.UtcDateTime);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static void WriteUsd(Utf8JsonWriter json, string name, long? units)
    {
        if (units is { } known)
        {
            json.WriteNumber(name, UsageColumns.Shorten(Money.ToUsd(known)));
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> items)
    {
        json.WriteStartArray(name);
        foreach (string item in items)
        {
            json.WriteStringValue(item);
        }

        json.WriteEndArray();
    }
}
