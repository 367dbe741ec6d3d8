using LlmProxy.Accounting;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Telemetry;
using LlmProxy.Telemetry.Otlp;

namespace LlmProxy.Tests.Telemetry.Otlp;

public sealed class GenAiMetricsTests
{
    private const string Labels = "gen_ai.operation.name=chat,gen_ai.provider.name=aws.bedrock,gen_ai.system=aws.bedrock,gen_ai.request.model=claude";

    [Fact]
    public void CallEnded_WithUsageAndError_TellsTokensAndDuration()
    {
        using GatewayMetrics metrics = new();
        using GenAiMetrics genAi = new();
        using Measurements measurements = new(genAi.Meter);
        metrics.GenAi = genAi;

        metrics.CallEnded(
            metrics.For("bedrock", "claude"),
            new CallFigures
            {
                Endpoint = EndpointKind.Chat,
                Status = 504,
                Duration = TimeSpan.FromSeconds(2),
                Usage = new TokenUsage(10, 0, 0, 3, 0),
                Error = ErrorCode.ProviderTimeout,
            });

        Assert.Equal(
            [
                $"gen_ai.client.token.usage{{{Labels},gen_ai.token.type=input}} 10",
                $"gen_ai.client.token.usage{{{Labels},gen_ai.token.type=output}} 3",
                $"gen_ai.client.operation.duration{{{Labels},error.type=provider_timeout}} 2",
            ],
            measurements.Seen);
    }

    [Fact]
    public void CallEnded_WithoutAnLlm_IsNoGenAiOperation()
    {
        using GenAiMetrics genAi = new();
        using Measurements measurements = new(genAi.Meter);

        genAi.CallEnded(new LlmTags("none", "none"), new CallFigures { Endpoint = EndpointKind.Chat, Status = 401, Duration = TimeSpan.Zero });

        Assert.Empty(measurements.Seen);
    }
}
