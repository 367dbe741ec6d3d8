using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>An LLM that one workspace has for itself is not told to others.</summary>
public sealed class ScopeTests(ScopeTests.Fixture fixture) : IClassFixture<ScopeTests.Fixture>
{
    private const string Own = "sk-scope-own-0123456789";
    private const string Strange = "sk-scope-strange-0123456789";
    private const string Admin = "admin-scope-0123456789";

    [Theory]
    [InlineData("/v1/models")]
    [InlineData("/v1/models/high_quality")]
    [InlineData("/health/providers")]
    [InlineData("/v1/models/secret-evaluatio")]
    public async Task Llm_OfAnotherWorkspace_IsNotTold(string path)
    {
        Assert.DoesNotContain("secret-evaluation", (await fixture.Client.FetchAsync(path, ("x-api-key", Strange))).Text, StringComparison.Ordinal);
        Assert.Contains("secret-evaluation", (await fixture.Client.FetchAsync(path, ("x-api-key", Own))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Llm_OfAnyWorkspace_IsInTheOperatorsHealth() =>
        Assert.Contains("secret-evaluation", (await fixture.Client.FetchAsync("/health/providers", ("x-api-key", Admin))).Text, StringComparison.Ordinal);

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Environment = new Dictionary<string, string> { ["LLMPROXY_ADMIN_KEY"] = Admin },
            Config = Config(new
            {
                Workspaces = new[] { new { Name = "team-a" }, new { Name = "team-b" } },
                Keys = new object[] { new { Name = "own", Key = Own, Workspace = "team-a" }, new { Name = "strange", Key = Strange, Workspace = "team-b" } },
                Llms = new object[]
                {
                    new { Name = "everybodys", Provider = "custom", Model = "model-1", Upstream.BaseUrl },
                    new { Name = "secret-evaluation", Provider = "custom", Model = "model-2", Upstream.BaseUrl, Scope = "team-a", Quality = 99 },
                },
            }),
        };
    }
}
