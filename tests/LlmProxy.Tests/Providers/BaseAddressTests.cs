using LlmProxy.Providers;

namespace LlmProxy.Tests.Providers;

public sealed class BaseAddressTests
{
    [Theory]
    [InlineData("http://host:5000", "http://host:5000/v1")]
    [InlineData("http://host:5000/", "http://host:5000/v1")]
    [InlineData("  http://host:5000/v1/  ", "http://host:5000/v1")]
    [InlineData("http://host:5000/v1/chat/completions", "http://host:5000/v1")]
    [InlineData("http://host:5000/v1/chat/completions///", "http://host:5000/v1")]
    [InlineData("http://host:5000/v1/completions", "http://host:5000/v1")]
    [InlineData("http://host:5000/v1/embeddings/", "http://host:5000/v1")]
    [InlineData("http://host:5000/v1/Chat/Completions", "http://host:5000/v1")]
    [InlineData("http://host:5000/chat/completions", "http://host:5000")]
    [InlineData("https://host/api/openai", "https://host/api/openai")]
    [InlineData("http://[::1]:8000", "http://[::1]:8000/v1")]
    public void Normalize_WhatPeoplePaste_IsTheBaseOfTheDialect(string written, string expected) =>
        Assert.Equal(expected, BaseAddress.Normalize(written, "/v1"));

    [Theory]
    [InlineData("http://host:8000/v1", "http://host:8000")]
    [InlineData("http://host/gpu/v1", "http://host/gpu")]
    [InlineData("http://host/gpu", "http://host/gpu")]
    public void Root_BelowAVersion_IsTheServersOwn(string address, string expected) => Assert.Equal(expected, BaseAddress.Root(address));

    [Theory]
    [InlineData("localhost:8000", "http://")]
    [InlineData("ftp://host/v1", "http://")]
    [InlineData("", "http://")]
    [InlineData("http://user:secret@host/v1", "Auth")]
    [InlineData("http://host/v1?key=secret", "?")]
    [InlineData("http://host/v1#top", "#")]
    public void Problem_AddressThatCannotBeCalled_SaysWhyWithoutRepeatingIt(string written, string hint)
    {
        string problem = BaseAddress.Problem("BaseUrl", written)!;

        Assert.StartsWith("BaseUrl ", problem, StringComparison.Ordinal);
        Assert.Contains(hint, problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Problem_GoodAddress_IsNone() => Assert.Null(BaseAddress.Problem("BaseUrl", "https://host/v1/"));
}
