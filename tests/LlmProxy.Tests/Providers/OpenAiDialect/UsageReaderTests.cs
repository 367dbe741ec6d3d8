using LlmProxy.Accounting;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Tests.Wire;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

public sealed class UsageReaderTests
{
    [Theory]
    [InlineData("""{"prompt_tokens":41,"completion_tokens":15,"total_tokens":56,"cached_tokens":10}""", 31, 10, 0, 15, 0)] // Together
    [InlineData("""{"prompt_tokens":6,"completion_tokens":2,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}""", 2, 4, 0, 2, 0)] // DeepSeek
    [InlineData("""{"prompt_tokens":159,"total_tokens":187,"completion_tokens":28,"prompt_tokens_details":{"cached_tokens":128},"service_tier":"standard"}""", 31, 128, 0, 28, 0)] // Mistral
    [InlineData("""{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":30},"cost":0.01,"cost_details":{"x":1}}""", 10, 60, 30, 5, 0)] // OpenRouter
    [InlineData("""{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"cache_read_input_tokens":60,"cache_creation_input_tokens":30}""", 10, 60, 30, 5, 0)] // LiteLLM
    [InlineData("""{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115,"completion_tokens_details":{"reasoning_tokens":100}}""", 10, 0, 0, 105, 100)] // xAI: reasoning beside completion
    [InlineData("""{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115}""", 10, 0, 0, 105, 100)] // Gemini behind its OpenAI address
    [InlineData("""{"prompt_tokens":10,"completion_tokens":105,"total_tokens":115,"completion_tokens_details":{"reasoning_tokens":100}}""", 10, 0, 0, 105, 100)] // OpenAI
    [InlineData("""{"prompt_tokens":10,"completion_tokens":5,"total_tokens":75,"prompt_tokens_details":{"cached_tokens":60}}""", 10, 60, 0, 5, 0)] // cached beside the prompt
    [InlineData("""{"prompt_tokens":10,"completion_tokens":null,"total_tokens":10,"prompt_tokens_details":null}""", 10, 0, 0, 0, 0)] // vLLM
    [InlineData("""{"prompt_tokens":10.0,"completion_tokens":-3,"prompt_tokens_details":{"cached_tokens":50}}""", 0, 10, 0, 0, 0)] // nonsense never goes below zero
    [InlineData("""{"prompt_tokens":"10","completion_tokens":5}""", 0, 0, 0, 5, 0)]
    public void Read_VendorsShape_GivesDisjointClasses(string json, long fresh, long cached, long write, long output, long reasoning) =>
        Assert.Equal(new TokenUsage(fresh, cached, write, output, reasoning), UsageReader.Read(Cuts.Utf8(json + ",\"more\":1}")));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"type":"duration","seconds":9}""")]
    [InlineData("""{"details":{"prompt_tokens":9}}""")]
    public void Read_NoCounts_IsNoUsage(string json) => Assert.Null(UsageReader.Read(Cuts.Utf8(json)));
}
