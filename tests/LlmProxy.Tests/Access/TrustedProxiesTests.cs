using System.Net;
using LlmProxy.Access;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.Tests.Access;

public sealed class TrustedProxiesTests
{
    private static readonly TrustedProxies Proxies = new(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);

    [Theory]
    [InlineData("203.0.113.5", "198.51.100.1", "203.0.113.5")]
    [InlineData("10.1.1.1", null, "10.1.1.1")]
    [InlineData("10.1.1.1", "", "10.1.1.1")]
    [InlineData("10.1.1.1", "198.51.100.1", "198.51.100.1")]
    [InlineData("::ffff:10.1.1.1", "198.51.100.1", "198.51.100.1")]
    [InlineData("10.1.1.1", "1.2.3.4, 198.51.100.1", "198.51.100.1")]
    [InlineData("10.1.1.1", "1.2.3.4, 198.51.100.1, 10.9.9.9 ,192.0.2.7", "198.51.100.1")]
    [InlineData("10.1.1.1", "198.51.100.1:4711", "198.51.100.1")]
    [InlineData("10.1.1.1", "[2a00::1]:443", "2a00::1")]
    [InlineData("2001:db8::1", "2a00::1", "2a00::1")]
    [InlineData("10.1.1.1", "10.2.2.2, 10.3.3.3", "10.2.2.2")]
    [InlineData("10.1.1.1", "198.51.100.1, unknown", "10.1.1.1")]
    [InlineData("10.1.1.1", "198.51.100.1, _hidden, 10.3.3.3", "10.3.3.3")]
    [InlineData("10.1.1.1", ",,", "10.1.1.1")]
    public void Address_IsTheRightMostThatNoProxyOwns(string remote, string? forwarded, string expected)
    {
        var http = new DefaultHttpContext();
        http.Connection.RemoteIpAddress = IPAddress.Parse(remote);
        if (forwarded is not null)
        {
            http.Request.Headers["X-Forwarded-For"] = forwarded;
        }

        Assert.Equal(IPAddress.Parse(expected), Proxies.AddressOf(http));
    }

    [Fact]
    public void Address_InSeveralHeaders_IsReadAsOneList()
    {
        var http = new DefaultHttpContext();
        http.Connection.RemoteIpAddress = IPAddress.Parse("10.1.1.1");
        http.Request.Headers.Append("X-Forwarded-For", "1.2.3.4");
        http.Request.Headers.Append("X-Forwarded-For", "198.51.100.1");

        Assert.Equal(IPAddress.Parse("198.51.100.1"), Proxies.AddressOf(http));
    }

    [Fact]
    public void Address_OfNoConnection_IsNobodys() => Assert.Equal(IPAddress.None, Proxies.AddressOf(new DefaultHttpContext()));
}
