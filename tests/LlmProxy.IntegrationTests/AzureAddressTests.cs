using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Clients that build Azure's addresses: the deployment in the path is the model.</summary>
public sealed class AzureAddressTests(AzureAddressTests.Fixture fixture) : IClassFixture<AzureAddressTests.Fixture>
{
    private const string Key = "sk-azure-caller-0123456789";
    private const string NoModel = """{"messages":[{"role":"user","content":"Hi"}]}""";

    [Fact]
    public async Task Deployment_InThePath_IsTheModel()
    {
        Reply reply = await fixture.Client.PostAsync("/openai/deployments/four/chat/completions?api-version=2024-10-21", NoModel, ("api-key", Key));

        Expect.Ok(reply);
        UpstreamCall call = Assert.Single(fixture.Upstream.CallsFor("vendor-four"));
        Assert.Equal(("/v1/chat/completions", ""), (call.Path, call.Query));
        Assert.Equal("four", reply.Header("x-llm-model"));
    }

    [Fact]
    public async Task Deployment_WithSlashAndOtherModelInTheBody_PathWins()
    {
        Expect.Ok(await fixture.Client.PostAsync("/openai/deployments/up%2Fspecial/embeddings?api-version=x", """{"model":"four","input":"a"}""", ("api-key", Key)));

        Assert.Equal("/v1/embeddings", Assert.Single(fixture.Upstream.CallsFor("special")).Path);
    }

    [Fact]
    public async Task V1Form_TakesTheModelFromTheBody()
    {
        Expect.Ok(await fixture.Client.PostAsync("/openai/v1/chat/completions", GatewayCalls.ChatBody("custom/v1form"), ("api-key", Key)));

        Assert.Single(fixture.Upstream.CallsFor("v1form"));
    }

    [Fact]
    public async Task Deployment_Streamed_EndsAsStreamsEnd()
    {
        await using StreamReply reply = await fixture.Client.StreamAsync("/openai/deployments/four-b/chat/completions", """{"messages":[{"role":"user","content":"Hi"}],"stream":true}""", ("api-key", Key));

        Expect.WholeStream(await reply.Events.RestAsync());
    }

    [Fact]
    public async Task Deployment_ThatIsUnknown_Is404()
    {
        Expect.Error(await fixture.Client.PostAsync("/openai/deployments/nobody/chat/completions", NoModel, ("api-key", Key)), 404, "model_not_found");
    }

    [Theory]
    [InlineData("/openai/v1/models")]
    [InlineData("/openai/models")]
    public async Task Models_AreListed(string path)
    {
        Reply reply = await fixture.Client.FetchAsync(path, ("api-key", Key));

        Expect.Ok(reply);
        Assert.Contains(reply.Json["data"]!.AsArray(), model => model!["id"]!.ToString() == "four");
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Keys = new[] { new { Name = "azure", Key } },
                Llms = new object[]
                {
                    new { Name = "four", Provider = "custom", Model = "vendor-four", Upstream.BaseUrl },
                    new { Name = "four-b", Provider = "custom", Model = "vendor-four-b", Upstream.BaseUrl },
                    new { Name = "any", Provider = "custom", Model = "*", Upstream.BaseUrl },
                },
                Aliases = new Dictionary<string, string> { ["up/special"] = "custom/special" },
            }),
        };
    }
}
