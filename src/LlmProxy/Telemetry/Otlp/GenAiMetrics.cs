using System.Diagnostics.Metrics;
using LlmProxy.Pipeline;

namespace LlmProxy.Telemetry.Otlp;

/// <summary>The client metrics of OpenTelemetry's GenAI conventions. Exists only while measurements leave over OTLP.</summary>
internal sealed class GenAiMetrics : IDisposable
{
    public const string MeterName = "LlmProxy.GenAI";

    // The conventions' own advice.
    private static readonly double[] Seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
    private static readonly long[] Tokens = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864];

    private static readonly KeyValuePair<string, object?> Input = new(GenAiNames.TokenType, "input");
    private static readonly KeyValuePair<string, object?> Output = new(GenAiNames.TokenType, "output");

    private readonly Histogram<double> _duration;
    private readonly Histogram<long> _tokens;

    public GenAiMetrics()
    {
        _duration = Meter.CreateHistogram(
            "gen_ai.client.operation.duration", "s", "GenAI operation duration.", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });
        _tokens = Meter.CreateHistogram(
            "gen_ai.client.token.usage", "{token}", "Number of input and output tokens used.", tags: null, new InstrumentAdvice<long> { HistogramBucketBoundaries = Tokens });
    }

    public Meter Meter { get; } = new(MeterName);

    public void CallEnded(LlmTags llm, in CallFigures call)
    {
        if (call.Endpoint is not { } endpoint || llm.Backend == GatewayMetrics.NoLlm)
        {
            return;
        }

        string provider = GenAiNames.ProviderOf(llm.Backend);
        System.Diagnostics.TagList tags = new()
        {
            { GenAiNames.Operation, GenAiNames.OperationOf(endpoint.Name) },
            { GenAiNames.Provider, provider },
            { GenAiNames.System, provider },
            { GenAiNames.RequestModel, llm.Model }, // The LLM's name: a wildcard's model is whatever a client asks for.
        };
        if (call.Usage.Input > 0)
        {
            System.Diagnostics.TagList input = tags;
            input.Add(Input);
            _tokens.Record(call.Usage.Input, input);
        }

        if (call.Usage.Output > 0)
        {
            System.Diagnostics.TagList output = tags;
            output.Add(Output);
            _tokens.Record(call.Usage.Output, output);
        }

        if (call.Error is { } error)
        {
            tags.Add(GenAiNames.ErrorType, error.Wire());
        }

        _duration.Record(call.Duration.TotalSeconds, tags);
    }

    public void Dispose() => Meter.Dispose();
}
