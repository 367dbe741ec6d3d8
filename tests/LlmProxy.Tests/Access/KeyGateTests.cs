using System.Collections.Frozen;
using System.Net;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.Tests.Access;

public sealed class KeyGateTests
{
    private const string Known = "sk-llmproxy-known";

    private readonly FakeTimeProvider _time = new();
    private readonly KeyGate _gate;

    public KeyGateTests() => _gate = new KeyGate(new UnknownKeyBrake(_time), _time);

    [Fact]
    public void Key_OfTheDatabase_IsItsCaller()
    {
        Assert.Null(Admit(Known, Stored(new KeyOptions { Name = "stored", Tags = ["t"] }), out Caller caller));
        Assert.Equal("stored", caller.Name);
    }

    [Theory]
    [InlineData("sk-llmproxy-known ")]
    [InlineData(" sk-llmproxy-known")]
    public void Key_WithSpacesAround_IsTheSame(string sent) => Assert.Null(Admit(sent, Stored(new KeyOptions { Name = "stored" }), out _));

    [Theory]
    [InlineData("sk-llmproxy-known\u00A0x")]
    [InlineData("sk llmproxy known")]
    [InlineData("ключ-🔑")]
    [InlineData("\ud800")]
    [InlineData("*")]
    public void Key_Malformed_IsUnknown(string sent) => Assert.Equal(ErrorCode.InvalidApiKey, Admit(sent, Stored(new KeyOptions { Name = "stored" }), out _)!.Code);

    [Fact]
    public void Key_OfTenKilobytes_IsUnknown() => Assert.Equal(ErrorCode.InvalidApiKey, Admit(new string('k', 10_240), StoredAccess.None, out _)!.Code);

    [Fact]
    public void Key_Revoked_IsToldSo()
    {
        GatewayError refusal = Admit(Known, Stored(new KeyOptions { Name = "stored" }, revoked: true), out _)!;

        Assert.Equal(ErrorCode.InvalidApiKey, refusal.Code);
        Assert.Contains("revoked", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Key_PastItsEnd_IsToldSo() =>
        Assert.Equal(ErrorCode.KeyExpired, Admit(Known, Stored(new KeyOptions { Name = "stored", ExpiresAt = _time.GetUtcNow() }), out _)!.Code);

    [Fact]
    public void Key_UnknownBeforeTheDatabaseSpoke_IsAskedToComeBack()
    {
        StoredAccess remembered = Stored(new KeyOptions { Name = "stored" }) with { IsHeard = false };
        for (int i = 0; i < 100; i++)
        {
            GatewayError refusal = Admit("sk-llmproxy-other", remembered, out _)!;
            Assert.Equal((ErrorCode.DatabaseUnavailable, 503), (refusal.Code, refusal.Status));
            Assert.NotNull(refusal.RetryAfter);
        }

        Assert.Null(Admit(Known, remembered, out _));
        Assert.Equal(ErrorCode.InvalidApiKey, Admit("sk-llmproxy-other", remembered with { IsHeard = true }, out _)!.Code);
    }

    [Fact]
    public void Key_UnknownTooOften_IsSlowedDownAndKnownOnesAreNot()
    {
        StoredAccess stored = Stored(new KeyOptions { Name = "stored" });
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(401, Admit("sk-guess-" + i, stored, out _)!.Status);
        }

        GatewayError refusal = Admit("sk-guess", stored, out _)!;
        Assert.Equal((429, false), (refusal.Status, refusal.ShouldRetry));
        Assert.Null(Admit(Known, stored, out _));
        _time.Advance(refusal.RetryAfter!.Value);
        Assert.Equal(401, Admit("sk-guess", stored, out _)!.Status);
    }

    [Fact]
    public void Snapshot_WithANameOfBothSources_GoesByTheDatabase()
    {
        GatewaySnapshot snapshot = Snapshot(Stored(new KeyOptions { Name = "CI" }), new KeyOptions { Name = "ci", Key = new Secret("sk-ci") });

        Assert.Null(snapshot.Keys.Find("sk-ci"));
        Assert.Equal("CI", snapshot.Keys.Find(Known)!.Name);
        Assert.NotNull(Snapshot(Stored(new KeyOptions { Name = "CI" }, revoked: true), new KeyOptions { Name = "ci", Key = new Secret("sk-ci") }).Keys.Find("sk-ci"));
    }

    [Theory]
    [InlineData(null, 5, 5)]
    [InlineData(3, 5, 5)]
    [InlineData(9, 5, 9)]
    [InlineData(-1, 0, 0)]
    public void Priority_Wished_OnlyLowersTheKeys(int? wished, int own, int expected) =>
        Assert.Equal(expected, new Caller(new KeyOptions { Name = "k", Priority = own }).PriorityOf(new Wishes { Priority = wished }));

    private GatewayError? Admit(string key, StoredAccess stored, out Caller caller)
    {
        var http = new DefaultHttpContext();
        http.Connection.RemoteIpAddress = IPAddress.Loopback;
        http.Request.Headers["x-api-key"] = key;
        return _gate.Admit(http, Snapshot(stored), out caller);
    }

    private static GatewaySnapshot Snapshot(StoredAccess stored, params KeyOptions[] keys)
    {
        var options = new GatewayOptions { Keys = [.. keys] };
        return new GatewaySnapshot
        {
            Options = options,
            AuthMode = AuthMode.Keys,
            Keys = new KeyRing(options),
            Llms = FrozenDictionary<string, Deployment>.Empty,
            Models = new ModelDirectory(options, []),
            Workspaces = FrozenDictionary<string, WorkspaceOptions>.Empty,
        }.With(stored);
    }

    private StoredAccess Stored(KeyOptions options, bool revoked = false)
    {
        Assert.True(KeyHash.TryOf(Known, out KeyHash hash));
        return StoredAccess.None.With(new StoredKey
        {
            Id = Guid.NewGuid(),
            Hash = hash,
            Prefix = "sk-llmproxy-know",
            Options = options,
            CreatedAt = _time.GetUtcNow(),
            CreatedBy = "test",
            UpdatedAt = _time.GetUtcNow(),
            UpdatedBy = "test",
            RevokedAt = revoked ? _time.GetUtcNow() : null,
        });
    }
}
