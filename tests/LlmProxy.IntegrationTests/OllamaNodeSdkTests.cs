using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The official ollama package for Node.js, unmodified, against /api over vendors of three dialects.</summary>
public sealed partial class OllamaNodeSdkTests(OllamaNodeSdkTests.Fixture fixture) : IClassFixture<OllamaNodeSdkTests.Fixture>
{
    /// <summary>Every check that the script holds, by its name there.</summary>
    public static TheoryData<string> Checks
    {
        get
        {
            string script = File.ReadAllText(Path.Combine(GatewayBinary.RepositoryRoot, "tests", "LlmProxy.IntegrationTests", "node", "ollama-checks.mjs"));
            int start = script.IndexOf("const checks = {", StringComparison.Ordinal);
            return [.. CheckName().Matches(script[start..script.IndexOf("\n};", start, StringComparison.Ordinal)]).Select(m => m.Groups["name"].Value)];
        }
    }

    [NodeTheory]
    [MemberData(nameof(Checks))]
    public void Sdk_Unmodified_GetsWhatItExpects(string check)
    {
        Assert.True(fixture.Results.TryGetValue(check, out string? problem), $"no result; the script said: {fixture.Output}");
        Assert.True(problem is null, problem);
    }

    [NodeTheory]
    [InlineData("claude")]
    public void ToolLoop_OfAClientWithoutIds_ReachesTheVendorWithIdsAndSignatures(string model)
    {
        JsonNode request = fixture.Upstream.CallsFor(model).Select(call => call.Json)
            .Last(json => json["messages"]!.AsArray().Count > 2);

        JsonNode[] said = [.. request["messages"]![1]!["content"]!.AsArray().Select(block => block!)];
        Assert.Equal("sig-1", (string?)said.Single(block => (string?)block["type"] == "thinking")["signature"]);
        Assert.Equal(
            said.Where(block => (string?)block["type"] == "tool_use").Select(block => (string?)block["id"]),
            request["messages"]![2]!["content"]!.AsArray().Select(block => (string?)block!["tool_use_id"]));
    }

    [GeneratedRegex("""^  (?:async )?(?<name>\w+)(?:\(\) \{|:)""", RegexOptions.Multiline)]
    private static partial Regex CheckName();

    public sealed class Fixture : GatewayFixture, IAsyncLifetime
    {
        private const string Key = "sk-node-caller-0123456789";

        public IReadOnlyDictionary<string, string?> Results { get; private set; } = new Dictionary<string, string?>();

        public string Output { get; private set; } = "";

        async Task IAsyncLifetime.InitializeAsync()
        {
            if (NodePackages.Directory is not { } directory)
            {
                return;
            }

            await InitializeAsync();
            var start = new ProcessStartInfo(NodePackages.FindProgram("node")!, ["ollama-checks.mjs", Gateway.BaseUrl, Key])
            {
                WorkingDirectory = directory,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process node = Process.Start(start)!;
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            Task<string> errors = node.StandardError.ReadToEndAsync(limit.Token);
            string output = await node.StandardOutput.ReadToEndAsync(limit.Token);
            await node.WaitForExitAsync(limit.Token);
            Output = output + await errors;
            Results = node.ExitCode == 0 ? JsonSerializer.Deserialize<Dictionary<string, string?>>(output)! : Results;
        }

        async Task IAsyncLifetime.DisposeAsync()
        {
            if (NodePackages.Directory is not null)
            {
                await DisposeAsync();
            }
        }

        protected override GatewaySettings Settings()
        {
            Upstream.On("claude", OllamaUpstreams.Anthropic);
            Upstream.On("native", OllamaUpstreams.Native);
            Upstream.On("native-embed", Answers.Json("""{"model":"native-embed","embeddings":[[0.5,1]],"prompt_eval_count":3}"""));
            Upstream.On("native-dies", OllamaUpstreams.NativeDying);
            Upstream.On("not-pulled", Answers.Json("""{"error":"model 'not-pulled' not found"}""", 404));
            Upstream.On("thinker", OllamaUpstreams.Thinker);
            Upstream.On("refuses-400", Answers.Error(400, "Unsupported value", "unsupported_value"));
            Upstream.On("refuses-429", Answers.Error(429, "Slow down", "rate_limit_exceeded"));
            Upstream.On("dies", Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("Half a")), Step.Break));
            object Llm(string name, string provider, string baseUrl) => new { Name = name, Provider = provider, Model = name, BaseUrl = baseUrl, ContextWindow = 128000, Auth = new { api_key = "sk-vendor" } };
            return new GatewaySettings
            {
                Config = Config(new
                {
                    Keys = new object[] { new { Name = "node", Key } },
                    Llms = (object[])[
                        .. new[] { "gpt-4o", "text-embedding-3-small", "refuses-400", "refuses-429", "dies" }.Select(name => Llm(name, "openai", Upstream.BaseUrl)),
                        Llm("thinker", "vllm", Upstream.BaseUrl),
                        Llm("claude", "anthropic", Upstream.Address),
                        .. new[] { "native", "native-embed", "native-dies", "not-pulled" }.Select(name => Llm(name, "ollama", Upstream.Address))],
                    Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
                }),
            };
        }
    }
}
