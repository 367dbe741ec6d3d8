using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The official @anthropic-ai/sdk package for Node.js, both generations of it, unmodified, through the gateway.</summary>
public sealed partial class AnthropicNodeSdkTests(AnthropicNodeSdkTests.Fixture fixture) : IClassFixture<AnthropicNodeSdkTests.Fixture>
{
    /// <summary>0.x with x-api-key and 2023-06-01, 1.x with Bearer and 2026-10-21.</summary>
    private static readonly string[] Generations = ["old", "new"];

    /// <summary>Every check that the script holds, by its name there, for each generation.</summary>
    public static TheoryData<string, string> Checks
    {
        get
        {
            string script = File.ReadAllText(Path.Combine(GatewayBinary.RepositoryRoot, "tests", "LlmProxy.IntegrationTests", "node", "anthropic-checks.mjs"));
            int start = script.IndexOf("const checks = {", StringComparison.Ordinal);
            string checks = script[start..script.IndexOf("\n};", start, StringComparison.Ordinal)];
            var all = new TheoryData<string, string>();
            foreach (Match match in CheckName().Matches(checks))
            {
                foreach (string generation in Generations)
                {
                    all.Add(generation, match.Groups["name"].Value);
                }
            }

            return all;
        }
    }

    [NodeTheory]
    [MemberData(nameof(Checks))]
    public void Sdk_Unmodified_GetsWhatItExpects(string generation, string check)
    {
        Assert.True(fixture.Results[generation].TryGetValue(check, out string? problem), $"no result; the script said: {fixture.Output}");
        Assert.True(problem is null, problem);
    }

    [NodeTheory]
    [InlineData("endless")]
    public async Task Sdk_Cancels_TheVendorIsTold(string model)
    {
        await (await fixture.Upstream.CallAsync(model)).Aborted;
    }

    [GeneratedRegex("""^  (?:async )?(?<name>\w+)(?:\(\) \{|:)""", RegexOptions.Multiline)]
    private static partial Regex CheckName();

    public sealed class Fixture : AnthropicSdkFixture, IAsyncLifetime
    {
        public Dictionary<string, Dictionary<string, string?>> Results { get; } = [];

        public string Output { get; private set; } = "";

        async Task IAsyncLifetime.InitializeAsync()
        {
            if (NodePackages.Directory is not { } directory)
            {
                return;
            }

            await InitializeAsync();
            foreach (string generation in Generations)
            {
                Results[generation] = await RunAsync(directory, generation);
            }
        }

        async Task IAsyncLifetime.DisposeAsync()
        {
            if (NodePackages.Directory is not null)
            {
                await DisposeAsync();
            }
        }

        private async Task<Dictionary<string, string?>> RunAsync(string directory, string generation)
        {
            var start = new ProcessStartInfo(NodePackages.FindProgram("node")!, ["anthropic-checks.mjs", Gateway.BaseUrl, Key, generation])
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
            Output += output + await errors;
            return node.ExitCode == 0 ? JsonSerializer.Deserialize<Dictionary<string, string?>>(output)! : [];
        }
    }
}
