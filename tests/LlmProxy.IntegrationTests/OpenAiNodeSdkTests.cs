using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The official openai package for Node.js, unmodified, through the gateway.</summary>
public sealed partial class OpenAiNodeSdkTests(OpenAiNodeSdkTests.Fixture fixture) : IClassFixture<OpenAiNodeSdkTests.Fixture>
{
    /// <summary>Every check that the script holds, by its name there.</summary>
    public static TheoryData<string> Checks
    {
        get
        {
            string script = File.ReadAllText(Path.Combine(GatewayBinary.RepositoryRoot, "tests", "LlmProxy.IntegrationTests", "node", "openai-checks.mjs"));
            string checks = script[script.IndexOf("const checks = {", StringComparison.Ordinal)..script.IndexOf("\n};", script.IndexOf("const checks", StringComparison.Ordinal), StringComparison.Ordinal)];
            return [.. CheckName().Matches(checks).Select(m => m.Groups["name"].Value)];
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
    [InlineData("endless-stream")]
    [InlineData("endless-plain")]
    public async Task Sdk_Cancels_TheVendorIsTold(string model)
    {
        await (await fixture.Upstream.CallAsync(model)).Aborted;
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
            var start = new ProcessStartInfo(NodePackages.FindProgram("node")!, ["openai-checks.mjs", Gateway.BaseUrl + "/v1", Key])
            {
                WorkingDirectory = directory,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process node = Process.Start(start)!;
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            Task told = TellOfItsCallAsync(node);
            Task<string> errors = node.StandardError.ReadToEndAsync(limit.Token);
            string output = await node.StandardOutput.ReadToEndAsync(limit.Token);
            await node.WaitForExitAsync(limit.Token);
            Output = output + await errors;
            Results = node.ExitCode == 0 ? JsonSerializer.Deserialize<Dictionary<string, string?>>(output)! : Results;
            await told;
        }

        async Task IAsyncLifetime.DisposeAsync()
        {
            if (NodePackages.Directory is not null)
            {
                await DisposeAsync();
            }
        }

        /// <summary>The script gives its plain call up when its input ends, which is when the vendor has that call, or when it would never have it.</summary>
        private async Task TellOfItsCallAsync(Process node)
        {
            await Task.WhenAny(Upstream.CallAsync("endless-plain"), node.WaitForExitAsync());
            node.StandardInput.Close();
        }

        protected override GatewaySettings Settings()
        {
            Upstream.On("refuses-400", Answers.Error(400, "Unsupported value", "unsupported_value"));
            Upstream.On("refuses-429", Answers.Error(429, "Slow down", "rate_limit_exceeded", ("Retry-After", "7")));
            Upstream.On("refuses-500", Answers.Error(500, "The server had an error"));
            Upstream.On("dies", Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("Half a")), Step.Break));
            Upstream.On("endless-stream", Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("first")), Step.Hang));
            Upstream.On("endless-plain", Answers.HangBeforeHeaders);
            string[] models = ["gpt-4o", "text-embedding-3-small", "refuses-400", "refuses-429", "refuses-500", "dies", "endless-stream", "endless-plain"];
            return new GatewaySettings
            {
                Config = Config(new
                {
                    Keys = new object[] { new { Name = "node", Key } },
                    Llms = models.Select(m => new { Name = m, Provider = "openai", Model = m, Upstream.BaseUrl, Auth = new { api_key = "sk-vendor" } }),
                    Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
                }),
            };
        }
    }
}
