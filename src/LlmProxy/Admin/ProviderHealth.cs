using System.Text.Json;
using LlmProxy.Forwarding;
using LlmProxy.Routing;

namespace LlmProxy.Admin;

/// <summary>How one LLM is, as it is told to callers and operators.</summary>
internal static class ProviderHealth
{
    public static void Write(Utf8JsonWriter json, Deployment llm)
    {
        LlmState state = llm.State;
        json.WriteStartObject();
        json.WriteString("name", llm.Name);
        json.WriteString("provider", llm.ProviderName);
        json.WriteString("model", llm.Options.Model);
        json.WriteBoolean("local", llm.IsLocal);
        json.WriteBoolean("is_default", llm.Options.IsDefault);
        json.WriteNumber("priority", llm.Options.Priority);
        (string word, string? reason, DateTimeOffset since) = Judge(llm);
        json.WriteString("state", word);
        json.WriteString("reason", reason);
        json.WriteString("since", since);
        WriteBreaker(json, state.Breaker, llm.Resilience.Breaker);
        json.WriteNumber("latency_ms", Math.Round(state.Latency.FirstOutputMs, 1));
        json.WriteNumber("headroom", Math.Round(state.Headroom, 3));
        json.WriteNumber("running", state.Tags.Running);
        if (state.LastProbe is { } probe)
        {
            json.WriteString("checked_at", probe.At);
        }

        WriteLastError(json, state.LastFailure);
        json.WriteStartArray("replicas");
        foreach (Replica replica in llm.Replicas)
        {
            json.WriteStartObject();
            json.WriteString("address", replica.BaseAddress);
            json.WriteString("active", replica.State.Health.Active.ToString().ToLowerInvariant());
            json.WriteString("passive", replica.State.Health.Passive.ToString().ToLowerInvariant());
            WriteBreaker(json, replica.Breaker, llm.Resilience.Breaker);
            json.WriteNumber("running", replica.Running);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Its state in a word, why, and since when. What calls showed beats what the look at the start showed.</summary>
    public static (string State, string? Reason, DateTimeOffset Since) Judge(Deployment llm)
    {
        LlmState state = llm.State;
        if (llm.Unavailable is { } why)
        {
            return ("unavailable", why, state.KnownSince);
        }

        if (!llm.HasAvailableReplica)
        {
            return ("unhealthy", "no replica answers its health check", llm.DownSince ?? state.KnownSince);
        }

        if (state.Breaker.OpenSince is { } opened)
        {
            return ("unhealthy", "left alone after failures" + (state.LastFailure is { } last ? ", the last one " + last.Code : ""), opened);
        }

        if (state is { IsFailing: true, LastFailure: { } failure })
        {
            return ("degraded", "the last call failed: " + failure.Code, state.Since);
        }

        if (state.LastSuccess is not null)
        {
            return ("healthy", null, state.Since);
        }

        return state.LastProbe switch
        {
            null => ("unknown", "not looked at yet", state.KnownSince),
            { IsAlive: false } dead => ("unhealthy", dead.Detail, dead.At),
            { } alive => ("healthy", alive.Detail, alive.At),
        };
    }

    private static void WriteBreaker(Utf8JsonWriter json, Breaker breaker, BreakerRule rule)
    {
        json.WriteStartObject("breaker");
        json.WriteString("state", breaker.State(rule) switch
        {
            BreakerState.Open => "open",
            BreakerState.HalfOpen => "half_open",
            _ => "closed",
        });
        json.WriteNumber("retry_in_seconds", (long)Math.Ceiling(breaker.RestLeft(rule).TotalSeconds));
        json.WriteEndObject();
    }

    private static void WriteLastError(Utf8JsonWriter json, CallFailure? failure)
    {
        if (failure is null)
        {
            json.WriteNull("last_error");
            return;
        }

        json.WriteStartObject("last_error");
        json.WriteString("code", failure.Code);
        json.WriteString("vendor_code", failure.Detail);
        json.WriteString("at", failure.At);
        json.WriteEndObject();
    }
}
