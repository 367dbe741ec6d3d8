using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Providers;

namespace LlmProxy.Tests.Providers.Azure;

public sealed class AzureProviderTests
{
    private const string Resource = "https://name.openai.azure.com";

    [Fact]
    public void PathFor_WithoutVersion_IsTheV1Form() =>
        Assert.Equal("openai/v1/chat/completions", Path(Llm.Of("azure", "gpt-4o", Resource)));

    [Theory]
    [InlineData("v1")]
    [InlineData("preview")]
    [InlineData("latest")]
    public void PathFor_UndatedVersion_IsTheV1Form(string version) =>
        Assert.Equal("openai/v1/embeddings", Path(Llm.Of("azure", "m", Resource, auth: [("api_version", version)]), EndpointKind.Embeddings));

    [Fact]
    public void PathFor_DatedVersion_CallsTheDeployment() => Assert.Equal(
        "openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
        Path(Llm.Of("azure", "gpt-4o", Resource, auth: [("api_version", "2024-10-21")])));

    [Fact]
    public void PathFor_NamedDeployment_BeatsTheModel() => Assert.Equal(
        "openai/deployments/prod-gpt/embeddings?api-version=2024-10-21",
        Path(Llm.Of("azure", "gpt-4o", Resource, auth: [("api_version", "2024-10-21"), ("deployment", "prod-gpt")]), EndpointKind.Embeddings));

    [Fact]
    public void PathFor_ModelWithOddCharacters_CannotLeaveItsSegment() => Assert.Equal(
        "openai/deployments/a%2F..%2Fb%3Fc/chat/completions?api-version=2024-10-21",
        Path(Llm.Of("azure", "a/../b?c", Resource, auth: [("api_version", "2024-10-21")])));

    [Fact]
    public void PathFor_ResponsesWithDate_BelongToTheResource() => Assert.Equal(
        "openai/responses?api-version=2025-04-01-preview",
        Path(Llm.Of("azure", "gpt-4o", Resource, auth: [("api_version", "2025-04-01-preview")]), EndpointKind.Responses));

    [Fact]
    public void TargetUriOfThePortal_IsEnoughByItself()
    {
        LlmOptions llm = Llm.Of("azure", "gpt-4o", Resource + "/openai/deployments/prod/chat/completions?api-version=2024-10-21", apiKey: "k");

        Assert.Empty(Provider.Check(llm));
        Assert.Equal(Resource, Provider.NormalizeBase(llm.BaseUrl, llm));
        Assert.Equal("openai/deployments/prod/chat/completions?api-version=2024-10-21", Path(llm));
    }

    [Fact]
    public void ModelInBody_IsTheDeployment()
    {
        Assert.Equal("prod-gpt", Provider.ModelInBody(Llm.Of("azure", "gpt-4o", Resource, auth: [("deployment", "prod-gpt")]), "gpt-4o"));
        Assert.Equal("gpt-4o", Provider.ModelInBody(Llm.Of("azure", "gpt-4o", Resource), "gpt-4o"));
    }

    [Fact]
    public void Check_WildcardWithOneDeployment_IsAContradiction() =>
        Assert.Contains("deployment", Assert.Single(Provider.Check(Llm.Of("azure", "*", Resource, auth: [("deployment", "prod")]))), StringComparison.Ordinal);

    [Fact]
    public async Task Authorize_Key_GoesIntoApiKeyAlone()
    {
        HttpRequestMessage request = await Llm.AuthorizedAsync(Llm.Of("azure", "m", Resource, apiKey: "secret"));

        Assert.Equal(["secret"], request.Headers.GetValues("api-key"));
        Assert.Null(request.Headers.Authorization);
    }

    [Fact]
    public void Check_NoKey_IsFineBecauseTheMachineMaySignIn() => Assert.Empty(Provider.Check(Llm.Of("azure", "gpt-4o", Resource)));

    [Theory]
    [InlineData("o3", "whatever")]
    [InlineData("whatever", "gpt-5-prod")]
    public void Adjust_ReasoningModelOrDeployment_RenamesTheLimit(string model, string deployment) => Assert.Equal(
        "{\"max_completion_tokens\":5}",
        Adjusted.By(Llm.Of("azure", model, Resource, auth: [("deployment", deployment)]), EndpointKind.Chat, "{\"max_tokens\":5}").Text);

    [Fact]
    public void ProbeAddress_ListsModels() => Assert.Equal(Resource + "/openai/v1/models", Provider.ProbeAddress(Resource).AbsoluteUri);

    [Fact]
    public void Start_WithoutEntra_DoesNotLoadTheIdentityLibrary()
    {
        _ = ProviderCatalog.All["azure"];
        _ = Path(Llm.Of("azure", "gpt-4o", Resource));

        Assert.DoesNotContain(AppDomain.CurrentDomain.GetAssemblies(), assembly => assembly.GetName().Name == "Azure.Identity");
    }

    private static OpenAiDialectProvider Provider => Llm.Provider("azure");

    private static string Path(LlmOptions llm, EndpointKind? endpoint = null) => Provider.PathFor(endpoint ?? EndpointKind.Chat, llm, llm.Model);
}
