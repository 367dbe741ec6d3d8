using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The official openai package for Node.js asks vendors that only chat for Responses and completions.</summary>
public sealed partial class ResponsesNodeSdkTests(ResponsesNodeSdkTests.Fixture fixture) : IClassFixture<ResponsesNodeSdkTests.Fixture>
{
    private const string Script = "responses-checks.mjs";

    /// <summary>Every check that the script holds, by its name there.</summary>
    public static TheoryData<string> Checks
    {
        get
        {
            string script = File.ReadAllText(Path.Combine(GatewayBinary.RepositoryRoot, "tests", "LlmProxy.IntegrationTests", "node", Script));
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
    public void Thinking_SentBackByTheSdk_ReachesItsVendorWithItsSignature(string model) => Assert.Contains(
        fixture.Upstream.CallsFor(model),
        call => call.Json["messages"]!.AsArray().Any(m => m!["content"]!.ToJsonString().Contains("\"signature\":\"c2lnbmVk\"", StringComparison.Ordinal)));

    [GeneratedRegex("""^  (?:async )?(?<name>\w+)(?:\(\) \{|:)""", RegexOptions.Multiline)]
    private static partial Regex CheckName();

    public sealed class Fixture : ResponsesFixture, IAsyncLifetime
    {
        public IReadOnlyDictionary<string, string?> Results { get; private set; } = new Dictionary<string, string?>();

        public string Output { get; private set; } = "";

        async Task IAsyncLifetime.InitializeAsync()
        {
            if (NodePackages.Directory is not { } directory)
            {
                return;
            }

            await InitializeAsync();
            var start = new ProcessStartInfo(NodePackages.FindProgram("node")!, [Script, Gateway.BaseUrl + "/v1", Key])
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
    }
}
