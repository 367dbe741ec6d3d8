using System.Diagnostics;
using LlmProxy.Accounting;
using LlmProxy.Endpoints;
using LlmProxy.Telemetry.Logs;
using LlmProxy.Telemetry.Otlp;
using Microsoft.AspNetCore.Http.Features;

namespace LlmProxy.Telemetry;

/// <summary>Spans by OpenTelemetry's GenAI names: one per attempt, below ASP.NET Core's one per call. Nothing is made while nobody listens.</summary>
internal static class GatewayTracing
{
    public const string SourceName = "LlmProxy";

    private static readonly ActivitySource Source = new(SourceName);

    public static bool IsListenedTo => Source.HasListeners();

    /// <param name="endpoint">What is asked.</param>
    /// <param name="llm">The LLM that is asked.</param>
    /// <param name="deploymentModel">The model name that goes to the vendor.</param>
    /// <param name="number">Which try of the call it is, from 1.</param>
    /// <returns>Null while nobody listens. To be disposed when the attempt is over; its Id is the traceparent to send up.</returns>
    public static Activity? StartAttempt(EndpointKind endpoint, LlmTags llm, string deploymentModel, int number)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        string operation = GenAiNames.OperationOf(endpoint.Name);
        string provider = GenAiNames.ProviderOf(llm.Backend);
        return Source.StartActivity($"{operation} {deploymentModel}", ActivityKind.Client)?
            .SetTag(GenAiNames.Operation, operation)
            .SetTag(GenAiNames.Provider, provider)
            .SetTag(GenAiNames.System, provider)
            .SetTag(GenAiNames.RequestModel, deploymentModel)
            .SetTag("llm.name", llm.Model)
            .SetTag("llm.attempt", number);
    }

    /// <param name="attempt">From <see cref="StartAttempt"/>; null does nothing.</param>
    /// <param name="reportedModel">What the vendor says ran.</param>
    /// <param name="usage">What the attempt used.</param>
    /// <param name="failure">The gateway's word for how it failed; null: it did not.</param>
    public static void EndAttempt(Activity? attempt, string? reportedModel, TokenUsage usage, string? failure)
    {
        if (attempt is null)
        {
            return;
        }

        if (reportedModel is not null)
        {
            attempt.SetTag(GenAiNames.ResponseModel, reportedModel);
        }

        if (usage.Total > 0)
        {
            attempt.SetTag(GenAiNames.InputTokens, usage.Input).SetTag(GenAiNames.OutputTokens, usage.Output);
            if (usage.CachedInput > 0)
            {
                attempt.SetTag(GenAiNames.CachedTokens, usage.CachedInput);
            }
        }

        if (failure is not null)
        {
            attempt.SetTag(GenAiNames.ErrorType, failure).SetStatus(ActivityStatusCode.Error);
        }

        attempt.Dispose();
    }

    /// <summary>Puts on the call's own span what its log line says.</summary>
    public static void Describe(HttpContext http, CallRow call)
    {
        if (!Source.HasListeners() || http.Features.Get<IHttpActivityFeature>()?.Activity is not { IsAllDataRequested: true } span)
        {
            return;
        }

        span.SetTag("llm.request_id", call.Id)
            .SetTag("llm.key", call.Key)
            .SetTag("llm.workspace", call.Workspace)
            .SetTag("llm.requested_model", call.RequestedModel)
            .SetTag("llm.name", call.Llm)
            .SetTag("llm.attempts", call.Attempts)
            .SetTag("llm.fallback", call.Fallback)
            .SetTag("llm.cost_usd", (double?)call.CostUsd);
        if (call.ErrorCode is not null)
        {
            span.SetTag(GenAiNames.ErrorType, call.ErrorCode);
        }
    }
}
