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

    [Fact]
    public void Header_SeenBefore_IsFoundAsTheSameObjectAlone()
    {
        var recent = new RecentHeaders();
        string header = new("Bearer sk-ci".AsSpan());
        string equal = new("Bearer sk-ci".AsSpan());
        Caller caller = _ring.Find("sk-ci")!;

        recent.Remember(header, caller);

        Assert.Same(caller, recent.Find(header));
        Assert.Null(recent.Find(equal)); // Its letters must be hashed.
    }

    [Fact]
    public void Header_OfAKeyThatIsGone_IsNobodysInTheNextRing()
    {
        string header = new("Bearer sk-ci".AsSpan());
        Assert.Equal("ci", _ring.Find(header, header.AsSpan(7))!.Name);
        Assert.Equal("ci", _ring.Find(header, header.AsSpan(7))!.Name);

        var next = new KeyRing(new GatewayOptions());

        Assert.Null(next.Find(header, header.AsSpan(7)));
    }

    [Fact]
    public void Header_OfAnUnknownKey_IsAskedForEachTime()
    {
        string header = new("Bearer sk-x".AsSpan());

        Assert.Null(_ring.Find(header, "sk-x"));
        Assert.Equal("ci", _ring.Find(header, "sk-ci")!.Name); // Nothing was remembered of the first.
    }

    [Fact]
    public void Header_ManyAtOnce_AreEachTheirOwnCallers()
    {
        KeyOptions[] keys = [.. Enumerable.Range(0, 2000).Select(i => new KeyOptions { Name = $"k{i}", Key = new Secret($"sk-{i}") })];
        var ring = new KeyRing(new GatewayOptions { Keys = [.. keys] });
        string[] headers = [.. Enumerable.Range(0, 2000).Select(i => $"Bearer sk-{i}")];

        Parallel.For(0, 20_000, i =>
        {
            string header = headers[i % 2000];
            Assert.Equal($"k{i % 2000}", ring.Find(header, header.AsSpan(7))!.Name);
        });
    }
}
