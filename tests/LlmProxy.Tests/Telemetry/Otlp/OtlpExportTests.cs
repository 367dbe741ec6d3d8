using LlmProxy.Telemetry.Otlp;

namespace LlmProxy.Tests.Telemetry.Otlp;

public sealed class OtlpExportTests
{
    [Theory]
    [InlineData("http://collector:4317", true)]
    [InlineData("https://collector.example/otlp", true)]
    [InlineData("collector:4317", false)]
    [InlineData("not a url", false)]
    [InlineData(null, false)]
    public void Endpoint_IsTakenOnlyAsAnAddress(string? endpoint, bool expected) => Assert.Equal(expected, OtlpExport.IsAddress(endpoint));

    [Theory]
    [InlineData("azure", "azure.ai.openai")]
    [InlineData("bedrock", "aws.bedrock")]
    [InlineData("vertex", "gcp.vertex_ai")]
    [InlineData("mistral", "mistral_ai")]
    [InlineData("openai", "openai")]
    [InlineData("vllm", "vllm")]
    public void Provider_HasTheConventionsName(string backend, string expected) => Assert.Equal(expected, GenAiNames.ProviderOf(backend));
}
