using System.Diagnostics;
using LlmProxy.Accounting;
using LlmProxy.Endpoints;
using LlmProxy.Telemetry;

namespace LlmProxy.Tests.Telemetry;

public sealed class GatewayTracingTests
{
    private static readonly LlmTags Llm = new("azure", "gpt-4o-eu");

    [Fact]
    public void Attempt_WithoutListener_MakesNoSpan()
    {
        Activity? span = GatewayTracing.StartAttempt(EndpointKind.Chat, Llm, "gpt-4o", number: 1);

        Assert.Null(span);
        GatewayTracing.EndAttempt(span, "gpt-4o", new TokenUsage(1, 0, 0, 1, 0), failure: null); // And takes it for what it is.
    }

    [Fact]
    public void Attempt_ThatSucceeded_CarriesTheGenAiNames()
    {
        using ActivityListener listener = Listen();

        Activity? span = GatewayTracing.StartAttempt(EndpointKind.Chat, Llm, "gpt-4o", number: 2);
        GatewayTracing.EndAttempt(span, "gpt-4o-2024-08-06", new TokenUsage(300, 900, 0, 87, 0), failure: null);

        Assert.NotNull(span);
        Assert.Equal("chat gpt-4o", span.DisplayName);
        Assert.Equal(ActivityKind.Client, span.Kind);
        Assert.Equal("azure.ai.openai", span.GetTagItem("gen_ai.system"));
        Assert.Equal("azure.ai.openai", span.GetTagItem("gen_ai.provider.name"));
        Assert.Equal("gpt-4o", span.GetTagItem("gen_ai.request.model"));
        Assert.Equal("gpt-4o-2024-08-06", span.GetTagItem("gen_ai.response.model"));
        Assert.Equal(1200L, span.GetTagItem("gen_ai.usage.input_tokens"));
        Assert.Equal(87L, span.GetTagItem("gen_ai.usage.output_tokens"));
        Assert.Equal("gpt-4o-eu", span.GetTagItem("llm.name"));
        Assert.Equal(2, span.GetTagItem("llm.attempt"));
        Assert.True(span.IsStopped);
    }

    [Fact]
    public void Attempt_ThatFailed_SaysWhy()
    {
        using ActivityListener listener = Listen();

        Activity? span = GatewayTracing.StartAttempt(EndpointKind.Embeddings, Llm, "embed", number: 1);
        GatewayTracing.EndAttempt(span, reportedModel: null, default, "provider_timeout");

        Assert.Equal("provider_timeout", span?.GetTagItem("error.type"));
        Assert.Equal(ActivityStatusCode.Error, span?.Status);
    }

    private static ActivityListener Listen()
    {
        ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == GatewayTracing.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
