using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Vendors that die in the middle of an answer, and others that can go on with it.</summary>
public sealed class ContinuationFixture : GatewayFixture
{
    public const string Body = "\"stream\":true,\"stream_options\":{\"include_usage\":true}";

    public static readonly (string Name, string Value) Wish = ("x-llm-continue", "on");

    public static readonly StreamDeath[] Deaths = [StreamDeath.Reset, StreamDeath.End, StreamDeath.ErrorEvent, StreamDeath.HalfEvent];

    /// <summary>Twenty places that end in each of the text's kinds of white space, or in none.</summary>
    public static IEnumerable<int> Cuts => Enumerable.Range(0, 20).Select(i => 1 + (i * 10) + (i % 3));

    /// <summary>The vendor dies when the client has read what came before: a reset would take that with it.</summary>
    public static async Task<List<string>> ReadAsync(StreamReply reply, int cut, Gate gate)
    {
        string before = string.Concat(ReplayingVendors.Pieces[..cut]);
        List<string> data = [];
        int read = 0;
        while (read < before.Length && await reply.Events.NextDataAsync() is { } one)
        {
            data.Add(one);
            read += SseReader.ContentOf([one]).Length;
        }

        gate.Open();
        data.AddRange(await reply.Events.RestAsync());
        return data;
    }

    /// <summary>How the first LLM of every chain answers from now on.</summary>
    public void Dies(int pieces, StreamDeath death, Gate? gate = null)
    {
        Upstream.On("dies-openai", ReplayingVendors.DyingOpenAi(pieces, death, gate));
        Upstream.On("claude-3-5-dies", ReplayingVendors.DyingAnthropic(pieces, death, gate));
        Upstream.On("dies-ollama", ReplayingVendors.DyingOllama(pieces, death, gate));
    }

    protected override GatewaySettings Settings()
    {
        Other.On("goes-on-vllm", ReplayingVendors.Vllm);
        Other.On("claude-sonnet-4-5", ReplayingVendors.Anthropic);
        Other.On("goes-on-mistral", ReplayingVendors.Mistral);
        Other.On("goes-on-ollama", ReplayingVendors.Ollama);
        object[] llms =
        [
            new { Name = "passed-dies", Provider = "custom", Model = "dies-openai", Upstream.BaseUrl, InputPricePerMillion = 1, OutputPricePerMillion = 1 },
            new { Name = "house-dies", Provider = "custom", Model = "dies-openai", Upstream.BaseUrl, Local = true },
            new { Name = "silent-dies", Provider = "custom", Model = "dies-openai", Upstream.BaseUrl, IdleTimeoutSeconds = 1 },
            new { Name = "translated-dies", Provider = "anthropic", Model = "claude-3-5-dies", BaseUrl = Upstream.Address },
            new { Name = "ollama-dies", Provider = "ollama", Model = "dies-ollama", BaseUrl = Upstream.Address },
            new { Name = "vllm", Provider = "vllm", Model = "goes-on-vllm", Other.BaseUrl },
            new { Name = "anthropic", Provider = "anthropic", Model = "claude-sonnet-4-5", BaseUrl = Other.Address },
            new { Name = "mistral", Provider = "mistral", Model = "goes-on-mistral", Other.BaseUrl },
            new { Name = "ollama", Provider = "ollama", Model = "goes-on-ollama", BaseUrl = Other.Address },
            new { Name = "twins", Provider = "vllm", Model = "twin-model", Destinations = new[] { Upstream.BaseUrl, Other.BaseUrl } },
            new { Name = "openai", Provider = "custom", Model = "openai-model", Other.BaseUrl },
        ];
        var chains = new Dictionary<string, string[]>
        {
            ["passed-all"] = ["passed-dies", "openai", "vllm", "ollama"],
            ["silent-vllm"] = ["silent-dies", "vllm"],
            ["house-mistral"] = ["house-dies", "mistral"],
            ["ollama-dies-then-vllm"] = ["ollama-dies", "vllm"],
            ["passed-dies-then-vllm"] = ["passed-dies", "vllm"],
        };
        foreach (string continuer in (string[])["vllm", "anthropic", "mistral", "ollama", "openai"])
        {
            chains[$"passed-{continuer}"] = ["passed-dies", continuer];
            chains[$"translated-{continuer}"] = ["translated-dies", continuer];
        }

        return new GatewaySettings
        {
            Config = Config(new { Llms = llms, Chains = chains, Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 }, Limits = new { KeepAliveSeconds = 5 } }),
        };
    }
}
