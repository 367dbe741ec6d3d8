using System.Text;
using LlmProxy.Caching;
using LlmProxy.Endpoints;

namespace LlmProxy.Tests.Caching;

public sealed class CacheKeyTests
{
    [Fact]
    public void Compute_SameCall_IsTheSameKeyEveryTime()
    {
        Assert.Equal(Key(), Key());
        Assert.Equal(Key().GetHashCode(), Key().GetHashCode());
    }

    [Fact]
    public void Compute_AnyPartDiffers_IsAnotherKey()
    {
        CacheKey[] keys =
        [
            Key(),
            Key(endpoint: EndpointKind.Completions),
            Key(workspace: "team-b"),
            Key(workspace: new string('w', 300)),
            Key(model: "gpt-4"),
            Key(wishes: "temperature"),
            Key(body: "{ }"),
        ];

        Assert.Equal(keys.Length, keys.Distinct().Count());
    }

    [Fact]
    public void Compute_BytesMoveFromOnePartToTheNext_IsAnotherKey()
    {
        Assert.NotEqual(Key(model: "ab", wishes: "c"), Key(model: "a", wishes: "bc"));
        Assert.NotEqual(Key(wishes: "x", body: ""), Key(wishes: "", body: "x"));
    }

    private static CacheKey Key(
        EndpointKind? endpoint = null, string workspace = "team-a", string model = "gpt-4o", string wishes = "", string body = "{}") =>
        CacheKey.Compute(
            endpoint ?? EndpointKind.Chat,
            workspace,
            Encoding.UTF8.GetBytes(model),
            Encoding.UTF8.GetBytes(wishes),
            Encoding.UTF8.GetBytes(body));
}
