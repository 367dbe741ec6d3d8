using System.Text.Json;
using LlmProxy.Configuration.Checks;
using LlmProxy.Routing;
using LlmProxy.Routing.Registry;

namespace LlmProxy.Tests.Routing.Registry;

public sealed class ModelRegistryTests
{
    private static readonly JsonElement File = Open();

    [Theory]
    [InlineData("openai", "gpt-4o", 2.5, 10)]
    [InlineData("openai", "GPT-4o-2024-08-06", 2.5, 10)]
    [InlineData("openai", "gpt-4o-2024-05-13", 5, 15)] // A dated one that costs otherwise.
    [InlineData("openai", "gpt-4-0613", 30, 60)]
    [InlineData("openai", "gpt-4-1106-preview", 10, 30)] // Not gpt-4, whatever its name begins with.
    [InlineData("openai", "gpt-5.1-chat-latest", 1.25, 10)]
    [InlineData("azure", "gpt-4o-mini", 0.15, 0.6)]
    [InlineData("azure", "gpt-5.1-chat", 1.25, 10)]
    [InlineData("anthropic", "claude-3-5-sonnet-20241022", 3, 15)]
    [InlineData("anthropic", "claude-3-5-sonnet-latest", 3, 15)]
    [InlineData("anthropic", "claude-opus-4-20250514", 15, 75)]
    [InlineData("anthropic", "claude-opus-4-5-20251101", 5, 25)]
    [InlineData("gemini", "gemini-2.5-flash-preview-09-2025", 0.3, 2.5)]
    [InlineData("gemini", "models/gemini-2.5-pro", 1.25, 10)]
    [InlineData("mistral", "mistral-large-2411", 2, 6)]
    [InlineData("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", 0.88, 0.88)]
    [InlineData("fireworks", "accounts/fireworks/models/kimi-k2p6", 0.95, 4)]
    [InlineData("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", 3, 15)]
    [InlineData("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 3, 15)]
    [InlineData("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.3, 16.5)]
    [InlineData("bedrock", "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.3, 16.5)]
    [InlineData("vertex", "claude-haiku-4-5@20251001", 1, 5)]
    [InlineData("vertex", "publishers/google/models/gemini-2.5-pro", 1.25, 10)]
    [InlineData("litellm", "openai/gpt-4o", 2.5, 10)]
    [InlineData("litellm", "vertex_ai/gemini-2.5-pro", 1.25, 10)]
    public void Prices_OfEachVendor_AreFoundByItsNames(string provider, string model, double input, double output)
    {
        ModelPrices? prices = ModelRegistry.PricesOf(provider, model);

        Assert.NotNull(prices);
        Assert.Equal(((decimal)input, (decimal)output), (prices.Input, prices.Output));
        Assert.Matches(@"^2026-\d\d-\d\d$", prices.AsOf);
    }

    [Theory]
    [InlineData("openai", "gpt-4o-audio-preview")] // Costs otherwise than its family.
    [InlineData("openai", "gpt-4o-mini-tts")]
    [InlineData("openai", "gpt-4-32k")]
    [InlineData("openai", "gpt-4.9")]
    [InlineData("openai", "ft:gpt-4o-mini-2024-07-18:org::id")]
    [InlineData("mistral", "mistral-large-latest")] // Where it points to has moved.
    [InlineData("litellm", "gpt-4o")] // Whatever its operator calls so.
    [InlineData("custom", "gpt-4o")]
    [InlineData("vllm", "openai/gpt-oss-120b")]
    [InlineData("ollama", "llama3.1:8b")]
    [InlineData("nobody", "gpt-4o")]
    public void Prices_ThatNobodyKnows_AreNotGuessed(string provider, string model)
    {
        ModelPrices? prices = ModelRegistry.PricesOf(provider, model);

        Assert.True(prices is null or { Input: null, Output: null });
    }

    [Theory]
    [InlineData("ollama", "llama3.1:8b-instruct-q4_K_M", 131072)]
    [InlineData("ollama", "llama3.1", 131072)]
    [InlineData("ollama", "llama3:latest", 8192)]
    [InlineData("ollama", "qwen2.5-coder:32b", 32768)]
    [InlineData("ollama", "gpt-oss:120b-cloud", 131072)]
    [InlineData("ollama", "mistral:7b-instruct-v0.3-q4_0", 32768)]
    [InlineData("vllm", "meta-llama/Llama-3.3-70B-Instruct", 131072)]
    [InlineData("vllm", "meta-llama/Meta-Llama-3-8B-Instruct", 8192)]
    [InlineData("vllm", "Qwen/Qwen3-32B-AWQ", 40960)]
    [InlineData("vllm", "Qwen/Qwen3-30B-A3B-Instruct-2507-FP8", 262144)]
    [InlineData("vllm", "RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w4a16", 131072)]
    [InlineData("vllm", "mistralai/Mistral-7B-Instruct-v0.3", 32768)]
    [InlineData("vllm", "google/gemma-3-27b-it", 131072)]
    [InlineData("custom", "openai/gpt-oss-20b", 131072)]
    [InlineData("bedrock", "us.meta.llama3-1-8b-instruct-v1:0", 131072)]
    [InlineData("fireworks", "accounts/fireworks/models/deepseek-v3p1", 163840)]
    [InlineData("openai", "ft:gpt-4o-mini-2024-07-18:org::id", 128000)]
    [InlineData("azure", "gpt-4o", 128000)]
    public void Facts_OfAModel_HoldWhereverItRuns(string provider, string model, int window) =>
        Assert.Equal(window, ModelRegistry.FactsOf(provider, model)?.ContextWindow);

    [Theory]
    [InlineData("openai", "my-model")]
    [InlineData("openai", "gpt-4o-mini-tts")]
    [InlineData("vllm", "org/model")]
    [InlineData("ollama", "llama3.1:9b")]
    [InlineData("openai", "*")]
    [InlineData("openai", "")]
    [InlineData("openai", "-latest")]
    [InlineData("vllm", "/")]
    public void Facts_OfAnUnknownModel_AreNone(string provider, string model) => Assert.Null(ModelRegistry.FactsOf(provider, model));

    [Fact]
    public void Facts_OfANameWithoutEnd_AreNotSoughtForLong()
    {
        Assert.Null(ModelRegistry.FactsOf("vllm", "llama-3.1-8b" + string.Concat(Enumerable.Repeat("-instruct", 1000))));
        Assert.Null(ModelRegistry.FactsOf("vllm", "llama-3.1-8b" + string.Concat(Enumerable.Repeat("-it", 50))));
        Assert.NotNull(ModelRegistry.FactsOf("vllm", "llama-3.1-8b-instruct-fp8"));
    }

    [Fact]
    public void Facts_OfOllamasDeepSeek_AreThoseOfItsSmallOne() =>
        Assert.Equal(ModelRegistry.FactsOf("ollama", "deepseek-r1:8b"), ModelRegistry.FactsOf("ollama", "deepseek-r1:latest"));

    [Fact]
    public void File_NamesOnlyKnownCapabilities() =>
        Assert.All(
            File.GetProperty("models").EnumerateArray().Where(m => m.TryGetProperty("capabilities", out _)).SelectMany(m => m.GetProperty("capabilities").EnumerateArray()),
            capability => Assert.Contains(capability.GetString()!, LlmChecks.KnownCapabilities));

    [Fact]
    public void File_HoldsNumbersThatCanBe()
    {
        foreach (JsonElement model in File.GetProperty("models").EnumerateArray())
        {
            string name = model.GetProperty("names")[0].GetString()!;
            ModelFacts facts = ModelRegistry.FactsOf("custom", name)!;
            Assert.InRange(facts.Quality, 0, 100);
            Assert.True(facts.MaxOutputTokens <= facts.ContextWindow, name);
            Assert.True(DateOnly.TryParseExact(facts.AsOf, "yyyy-MM-dd", out _), name);
        }

        foreach (JsonProperty vendor in File.GetProperty("vendors").EnumerateObject())
        {
            foreach (JsonProperty model in vendor.Value.GetProperty("models").EnumerateObject())
            {
                ModelPrices prices = ModelRegistry.PricesOf(vendor.Name, model.Name)!;
                Assert.All([prices.Input, prices.Output, prices.CachedInput, prices.CacheWrite], price => Assert.True(price is null or >= 0, model.Name));
                Assert.True(prices.CachedInput is null || prices.CachedInput <= prices.Input, model.Name);
                Assert.True(prices.Long is null || (prices.Long.Input >= prices.Input && prices.Long.Output >= prices.Output), model.Name);
            }
        }
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    [InlineData("gemini")]
    [InlineData("mistral")]
    [InlineData("together")]
    [InlineData("fireworks")]
    public void Listed_ModelsOfAVendor_AreServedByItsWildcard(string provider)
    {
        Assert.True(ModelRegistry.ModelsOf(provider).Count >= 8);
        Assert.All(ModelRegistry.ModelsOf(provider), model => Assert.True(KnownModels.Serves(provider, model), model));
    }

    private static JsonElement Open()
    {
        using Stream file = typeof(ModelRegistry).Assembly.GetManifestResourceStream("LlmProxy.Routing.model-facts.json")!;
        return JsonDocument.Parse(file).RootElement;
    }
}
