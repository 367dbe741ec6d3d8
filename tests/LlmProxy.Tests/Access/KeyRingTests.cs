using LlmProxy.Access;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Tests.Access;

public sealed class KeyRingTests
{
    private readonly KeyRing _ring = new(new GatewayOptions
    {
        Auth = new AuthOptions { AdminKey = new Secret("operator") },
        Keys = [new KeyOptions { Name = "ci", Key = new Secret("sk-ci"), AllowedModels = ["gpt-*", "chain-x"] }, new KeyOptions { Name = "ünï", Key = new Secret("ключ") }],
    });

    [Fact]
    public void Key_Known_IsItsCaller()
    {
        Assert.Equal("ci", _ring.Find("sk-ci")!.Name);
        Assert.Equal("ünï", _ring.Find("ключ")!.Name);
        Assert.Same(Caller.Operator, _ring.Find("operator"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("sk-c")]
    [InlineData("sk-ci ")]
    [InlineData("SK-CI")]
    public void Key_Unknown_IsNobody(string key) => Assert.Null(_ring.Find(key));

    [Fact]
    public void Key_TenKilobytesLong_IsNobody() => Assert.Null(_ring.Find(new string('x', 10_240)));

    [Theory]
    [InlineData("gpt-4o", true)]
    [InlineData("GPT-4o", true)]
    [InlineData("chain-x", true)]
    [InlineData("claude", false)]
    public void Caller_AllowedModels_AreWildcardsWithoutRegardToCase(string name, bool isAllowed) =>
        Assert.Equal(isAllowed, _ring.Find("sk-ci")!.Allows(name));
}
