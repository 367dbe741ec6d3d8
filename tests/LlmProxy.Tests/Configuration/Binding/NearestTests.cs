using LlmProxy.Configuration.Binding;

namespace LlmProxy.Tests.Configuration.Binding;

public sealed class NearestTests
{
    private static readonly string[] Names = ["RequestsPerMinute", "TokensPerMinute", "MaxParallel", "least_requests", "a"];

    [Theory]
    [InlineData("RequestPerMinute", "RequestsPerMinute")]
    [InlineData("requests_per_minute", "RequestsPerMinute")]
    [InlineData("MaxParalell", "MaxParallel")]
    [InlineData("maxparallels", "MaxParallel")]
    [InlineData("LeastRequest", "least_requests")]
    [InlineData("Something", null)]
    [InlineData("", null)]
    [InlineData("zzz", null)]
    public void To_WhatWasWritten_FindsOnlyWhatIsNear(string written, string? expected) => Assert.Equal(expected, Nearest.To(written, Names));
}
