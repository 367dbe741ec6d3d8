using System.Diagnostics;
using System.Text.Json;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Contract;

/// <summary>The official openai package for Node.js against every vendor: text, schema, and three turns with tools through its own accumulation.</summary>
public sealed class NodeSdkContractTests(NodeSdkContractTests.Fixture fixture) : IClassFixture<NodeSdkContractTests.Fixture>
{
    public static TheoryData<string> Vendors => ContractFixture.Vendors;

    [NodeTheory]
    [MemberData(nameof(Vendors))]
    public void Sdk_OverEveryVendor_GetsWhatItExpects(string vendor)
    {
        Assert.True(fixture.Results.TryGetValue("on-" + vendor, out string? problem), $"no result; the script said: {fixture.Output}");
        Assert.True(problem is null, problem);
    }

    public sealed class Fixture : IAsyncLifetime
    {
        private readonly ContractFixture _contract = new();

        public IReadOnlyDictionary<string, string?> Results { get; private set; } = new Dictionary<string, string?>();

        public string Output { get; private set; } = "";

        public async Task InitializeAsync()
        {
            if (NodePackages.Directory is not { } directory)
            {
                return;
            }

            await _contract.InitializeAsync();
            foreach (string vendor in ContractFixture.VendorNames)
            {
                VendorScript script = ContractFixture.Script(vendor);
                _contract.Upstream(vendor).Always(call => script.Says(Next(call.Text))(call));
            }

            string[] arguments = ["contract-checks.mjs", _contract.Gateway.BaseUrl + "/v1", .. ContractFixture.VendorNames.Select(vendor => "on-" + vendor)];
            var start = new ProcessStartInfo(NodePackages.FindProgram("node")!, arguments) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true };
            using Process node = Process.Start(start)!;
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            Task<string> errors = node.StandardError.ReadToEndAsync(limit.Token);
            string output = await node.StandardOutput.ReadToEndAsync(limit.Token);
            await node.WaitForExitAsync(limit.Token);
            Output = output + await errors;
            Results = node.ExitCode == 0 ? JsonSerializer.Deserialize<Dictionary<string, string?>>(output)! : Results;
        }

        public async Task DisposeAsync()
        {
            if (NodePackages.Directory is not null)
            {
                await _contract.DisposeAsync();
            }
        }

        /// <summary>What the vendor says next, by how far the conversation has come.</summary>
        private static Saying Next(string request) => request switch
        {
            _ when request.Contains("result-of-third", StringComparison.Ordinal) => Saying.Words,
            _ when request.Contains("result-of-wind", StringComparison.Ordinal) => Saying.One,
            _ when request.Contains("forecast", StringComparison.Ordinal) => Saying.Parallel,
            _ when request.Contains("as-json", StringComparison.Ordinal) => Saying.Json,
            _ => Saying.Words,
        };
    }
}
