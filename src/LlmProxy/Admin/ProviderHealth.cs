using System.Text.Json;
using LlmProxy.Routing;

namespace LlmProxy.Admin;

/// <summary>How one LLM is, as it is told to callers and operators.</summary>
internal static class ProviderHealth
{
    public static void Write(Utf8JsonWriter json, Deployment llm)
    {
        json.WriteStartObject();
        json.WriteString("name", llm.Name);
        json.WriteString("provider", llm.ProviderName);
        json.WriteString("model", llm.Options.Model);
        json.WriteBoolean("local", llm.IsLocal);
        json.WriteBoolean("is_default", llm.Options.IsDefault);
        json.WriteNumber("priority", llm.Options.Priority);
        (string state, string? reason) = Judge(llm);
        json.WriteString("state", state);
        json.WriteString("reason", reason);
        if (llm.State.LastProbe is { } probe)
        {
            json.WriteString("checked_at", probe.At);
        }

        json.WriteNumber("latency_ms", Math.Round(llm.State.Latency.FirstOutputMs, 1));
        json.WriteNumber("running", llm.State.Tags.Running);
        if (llm.State.LastFailure is { } failure)
        {
            json.WriteStartObject("last_error");
            json.WriteString("code", failure.Code);
            json.WriteString("vendor_code", failure.Detail);
            json.WriteString("at", failure.At);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("last_error");
        }

        json.WriteStartArray("replicas");
        foreach (Forwarding.Replica replica in llm.Replicas)
        {
            json.WriteStartObject();
            json.WriteString("address", replica.BaseAddress);
            json.WriteString("active", replica.State.Health.Active.ToString().ToLowerInvariant());
            json.WriteString("passive", replica.State.Health.Passive.ToString().ToLowerInvariant());
            json.WriteNumber("running", replica.Running);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>What calls showed beats what the look at the start showed, when it is newer.</summary>
    public static (string State, string? Reason) Judge(Deployment llm)
    {
        if (llm.Unavailable is { } why)
        {
            return ("unavailable", why);
        }

        if (!llm.HasAvailableReplica)
        {
            return ("unhealthy", "no replica answers its health check");
        }

        LlmState state = llm.State;
        DateTimeOffset? seen = state.LastSuccess;
        if (state.LastFailure is { } failure && (seen is null || failure.At > seen))
        {
            return ("degraded", "the last call failed: " + failure.Code);
        }

        if (seen is not null)
        {
            return ("healthy", null);
        }

        return state.LastProbe switch
        {
            null => ("unknown", "not looked at yet"),
            { IsAlive: false } dead => ("unhealthy", dead.Detail),
            { } alive => ("healthy", alive.Detail),
        };
    }
}
