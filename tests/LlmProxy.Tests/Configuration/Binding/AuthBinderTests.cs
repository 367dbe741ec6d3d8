using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Tests.Configuration.Binding;

public sealed class AuthBinderTests
{
    private static (LoadedConfiguration Loaded, AuthSettings Auth) Load(string auth, string provider = "openai")
    {
        using var folder = new OperatorFolder();
        folder.WithConfigFile($$"""{ "Llms": [ { "Name": "a", "Provider": "{{provider}}", "Model": "m", "Auth": {{auth}} } ] }""");
        folder.Variables["KEY_ONE"] = " one\n";
        folder.Variables["KEY_TWO"] = "two";
        folder.Variables["KEY_LIST"] = "two, three,,two";
        folder.Variables["EMPTY"] = "";
        folder.Variables["TEMPLATE"] = "not_configured";
        folder.Variables["SPLIT"] = "a\nb";
        folder.Variables["ADDRESS"] = "http://inside:8000/v1";
        folder.Write("key.txt", "from-file\n");
        LoadedConfiguration loaded = folder.Load();
        return (loaded, loaded.Options.Llms[0].Auth);
    }

    [Theory]
    [InlineData("""{ "api_key": "plain" }""", "plain")]
    [InlineData("""{ "API_KEY": "plain" }""", "plain")]
    [InlineData("""{ "api_key_env": "KEY_ONE" }""", "one")]
    [InlineData("""{ "api_key": "env:KEY_TWO" }""", "two")]
    [InlineData("""{ "api_key": "file:key.txt" }""", "from-file")]
    [InlineData("""{ "api_key": 12345 }""", "12345")]
    [InlineData("""{ "api_keys": ["first", "second"] }""", "first")]
    [InlineData("""{ "api_keys_env": "KEY_LIST" }""", "two")]
    public void Credential_InEveryForm_IsFound(string auth, string expected)
    {
        (LoadedConfiguration loaded, AuthSettings settings) = Load(auth);

        loaded.WithoutMistakes();
        Assert.Empty(settings.Missing);
        Assert.Equal(expected, settings.Get("api_key"));
    }

    [Theory]
    [InlineData("""{ "api_key_env": "NOT_THERE" }""", "NOT_THERE is not set")]
    [InlineData("""{ "api_key": "env:NOT_THERE" }""", "NOT_THERE is not set")]
    [InlineData("""{ "api_key": "file:nowhere" }""", "the file nowhere does not exist")]
    [InlineData("""{ "api_key_env": "EMPTY" }""", "EMPTY is empty")]
    [InlineData("""{ "api_key_env": "TEMPLATE" }""", "TEMPLATE says not_configured")]
    [InlineData("""{ "api_key_env": "SPLIT" }""", "SPLIT holds control characters")]
    [InlineData("""{ "api_keys": [] }""", "api_keys is empty")]
    [InlineData("""{ "api_keys": ["env:NOT_THERE"] }""", "NOT_THERE is not set")]
    [InlineData("""{ "base_url_env": "NOT_THERE" }""", "NOT_THERE is not set")]
    public void Credential_ThatIsMissing_MakesOnlyThatLlmUnavailable(string auth, string reason)
    {
        (LoadedConfiguration loaded, AuthSettings settings) = Load(auth);

        loaded.WithoutMistakes();
        Assert.Equal([reason], settings.Missing);
    }

    [Theory]
    [InlineData("""{ "api_key_env": "KEY_TWO" }""", "api_key", "env:KEY_TWO")]
    [InlineData("""{ "api_key": "env:KEY_TWO" }""", "api_key", "env:KEY_TWO")]
    [InlineData("""{ "api_key": "written-out" }""", "api_key", "configuration")]
    [InlineData("""{ "api_keys": ["env:KEY_TWO", "written", "env:KEY_TWO"] }""", "api_keys", "env:KEY_TWO, configuration")]
    public void Source_OfACredential_IsKnownWithoutItsValue(string auth, string name, string source)
    {
        (LoadedConfiguration _, AuthSettings settings) = Load(auth);

        Assert.Equal(source, settings.Sources[name]);
    }

    [Fact]
    public void Keys_SeveralOfThem_AreListedOnceEach()
    {
        (LoadedConfiguration loaded, AuthSettings settings) = Load("""{ "api_key_env": "KEY_TWO", "api_keys": "one, env, two" }""");

        loaded.WithoutMistakes();
        Assert.Equal(["two", "one", "env"], settings.ApiKeys.Select(key => key.Reveal()));
        Assert.Equal("two", settings.Get("api_key"));
    }

    [Fact]
    public void Keys_OneOfThemMissing_IsAWarning()
    {
        (LoadedConfiguration loaded, AuthSettings settings) = Load("""{ "api_keys": ["env:KEY_TWO", "env:NOT_THERE"] }""");

        loaded.WithoutMistakes().HasWarning("LlmProxy:Llms[0]:Auth:api_keys: NOT_THERE is not set");
        Assert.Empty(settings.Missing);
        Assert.Equal("two", settings.Get("api_key"));
    }

    [Theory]
    [InlineData("""{ "api_key_env": "sk-proj-pasted" }""", "must be the name of an environment variable")]
    [InlineData("""{ "api_key": "x", "api_key_env": "KEY_ONE" }""", "LlmProxy:Llms[0]:Auth:api_key is written as well")]
    [InlineData("""{ "api_key": { "a": 1 } }""", "must be a text")]
    [InlineData("""{ "project": "x" }""", "LlmProxy:Llms[0]:Auth:project: is unknown")]
    [InlineData("""{ "api_key_envs": "x" }""", "did you mean api_key_env?")]
    public void Auth_ThatMeansNothing_IsAMistake(string auth, string part)
    {
        (LoadedConfiguration loaded, _) = Load(auth);

        loaded.HasMistake(part);
        Assert.DoesNotContain("pasted", Assert.Single(loaded.Mistakes), StringComparison.Ordinal);
    }

    [Fact]
    public void Address_InAuth_BecomesTheBaseUrl()
    {
        (LoadedConfiguration loaded, AuthSettings settings) = Load("""{ "base_url_env": "ADDRESS" }""", "custom");

        Assert.Equal("http://inside:8000/v1", loaded.WithoutMistakes().Options.Llms[0].BaseUrl);
        Assert.Empty(settings.Values);
    }

    [Fact]
    public void Address_InTwoPlaces_IsAMistake() =>
        OperatorFolder.LoadFile("""{ "Llms": [ { "Name": "a", "Provider": "custom", "Model": "m", "BaseUrl": "http://a", "Auth": { "base_url": "http://b" } } ] }""")
            .HasMistake("Auth:base_url: is a second address");
}
