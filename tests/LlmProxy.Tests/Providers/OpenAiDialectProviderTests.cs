using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Providers;

namespace LlmProxy.Tests.Providers;

public sealed class OpenAiDialectProviderTests
{
    [Theory]
    [InlineData("openai")]
    [InlineData("mistral")]
    [InlineData("together")]
    [InlineData("fireworks")]
    [InlineData("vllm")]
    [InlineData("litellm")]
    [InlineData("custom")]
    public async Task Authorize_WithAKey_SendsItAsBearer(string provider)
    {
        HttpRequestMessage request = await Llm.AuthorizedAsync(Llm.Of(provider, apiKey: "sk-1"));

        Assert.Equal("Bearer sk-1", request.Headers.Authorization!.ToString());
    }

    [Theory]
    [InlineData("vllm")]
    [InlineData("custom")]
    [InlineData("dummy")]
    public async Task Authorize_WithoutAKey_SendsNone(string provider) =>
        Assert.Empty((await Llm.AuthorizedAsync(Llm.Of(provider))).Headers);

    [Fact]
    public async Task Authorize_OpenAiWithOrganization_NamesIt()
    {
        HttpRequestMessage request = await Llm.AuthorizedAsync(Llm.Of("openai", apiKey: "sk-1", auth: [("organization", "org-7")]));

        Assert.Equal(["org-7"], request.Headers.GetValues("OpenAI-Organization"));
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("mistral")]
    [InlineData("together")]
    [InlineData("fireworks")]
    public void MissingCredential_NoKeyForTheVendorsOwnAddress_SaysWhatToSetAndIsNoMistake(string provider)
    {
        Assert.Contains("Auth.api_key_env", Llm.Provider(provider).MissingCredential(Llm.Of(provider)), StringComparison.Ordinal);
        Assert.Empty(Llm.Provider(provider).Check(Llm.Of(provider)));
        Assert.Null(Llm.Provider(provider).MissingCredential(Llm.Of(provider, apiKey: "k")));
    }

    [Fact]
    public void MissingCredential_NoKeyForAnotherAddress_IsTheServersAffair() =>
        Assert.Null(Llm.Provider("openai").MissingCredential(Llm.Of("openai", baseUrl: "http://localhost:9/v1")));

    [Theory]
    [InlineData("azure")]
    [InlineData("vllm")]
    [InlineData("litellm")]
    [InlineData("custom")]
    [InlineData("dummy")]
    public void MissingCredential_WhereAKeyIsOptional_NothingIsWanting(string provider) =>
        Assert.Null(Llm.Provider(provider).MissingCredential(Llm.Of(provider)));

    [Theory]
    [InlineData("custom")]
    [InlineData("azure")]
    public void Check_NoAddressAndNoneToFallBackOn_SaysSo(string provider) =>
        Assert.Contains(Llm.Provider(provider).Check(Llm.Of(provider, apiKey: "k")), problem => problem.Contains("BaseUrl is missing", StringComparison.Ordinal));

    [Fact]
    public void Check_SeveralBadAddresses_NamesEach()
    {
        LlmOptions llm = Llm.Of("vllm");
        llm.Destinations = ["http://gpu-1:8000/v1", "gpu-2:8000", "http://gpu-3:8000/v1?x=1"];

        Assert.Collection(
            Llm.Provider("vllm").Check(llm),
            problem => Assert.StartsWith("Destinations[1] ", problem, StringComparison.Ordinal),
            problem => Assert.StartsWith("Destinations[2] ", problem, StringComparison.Ordinal));
    }

    [Fact]
    public void PathFor_EveryEndpointOfADialectVendor_IsTheDialects()
    {
        foreach (EndpointKind endpoint in EndpointKind.OfOpenAi)
        {
            Assert.Equal(endpoint.Path, Llm.Provider("openai").PathFor(endpoint, Llm.Of("openai"), "gpt-4o"));
        }
    }

    [Fact]
    public void NormalizeBase_FireworksBareHost_GetsItsOwnPath() =>
        Assert.Equal("https://api.fireworks.ai/inference/v1", Llm.Provider("fireworks").NormalizeBase("https://api.fireworks.ai", Llm.Of("fireworks")));

    [Theory]
    [InlineData("openai", "https://api.openai.com/v1/models", "https://api.openai.com/v1/models")]
    [InlineData("vllm", "http://localhost:8000/health", "http://localhost:8000/v1/models")]
    [InlineData("litellm", "http://localhost:4000/health/liveliness", "http://localhost:4000/v1/models")]
    public void Probes_LifeAndCredential_AreAskedWhereTheyShow(string provider, string life, string credential)
    {
        IProvider vendor = ProviderCatalog.All[provider];
        string address = vendor.NormalizeBase("", Llm.Of(provider));

        Assert.Equal(life, vendor.ProbeAddress(address).AbsoluteUri);
        Assert.Equal(credential, vendor.CredentialProbeAddress(address).AbsoluteUri);
    }
}
