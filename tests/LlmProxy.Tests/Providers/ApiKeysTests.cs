using LlmProxy.Configuration.Options;
using LlmProxy.Providers;

namespace LlmProxy.Tests.Providers;

public sealed class ApiKeysTests
{
    [Fact]
    public void Current_OneKey_IsKeptWhateverIsRefused()
    {
        AuthSettings auth = Llm.Of("openai", apiKey: "only").Auth;

        ApiKeys.Refused(auth, "only");

        Assert.Equal("only", ApiKeys.Current(auth));
    }

    [Fact]
    public void Refused_TheKeyInUse_MakesWayForTheNextAndComesRound()
    {
        AuthSettings auth = Several("a", "b", "c");
        var used = new List<string?>();
        for (int i = 0; i < 4; i++)
        {
            used.Add(ApiKeys.Current(auth));
            ApiKeys.Refused(auth, ApiKeys.Current(auth));
        }

        Assert.Equal(["a", "b", "c", "a"], used);
    }

    [Fact]
    public void Refused_ByManyCallsOfTheSameKey_TurnsOnce()
    {
        AuthSettings auth = Several("a", "b");

        ApiKeys.Refused(auth, "a");
        ApiKeys.Refused(auth, "a");
        ApiKeys.Refused(auth, "a");

        Assert.Equal("b", ApiKeys.Current(auth));
    }

    private static AuthSettings Several(params string[] keys)
    {
        var auth = new AuthSettings();
        auth.ApiKeys.AddRange(keys.Select(k => new Secret(k)));
        auth.Values["api_key"] = auth.ApiKeys[0];
        return auth;
    }
}
