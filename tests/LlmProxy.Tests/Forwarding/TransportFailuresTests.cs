using System.Net.Http;
using System.Net.Sockets;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Tests.Routing;

namespace LlmProxy.Tests.Forwarding;

public sealed class TransportFailuresTests
{
    private static readonly RouteTarget Target = new(FakeProvider.Llm("main", "openai", "m"), "m");

    [Theory]
    [InlineData(HttpRequestError.NameResolutionError, SocketError.HostNotFound, "cannot be resolved")]
    [InlineData(HttpRequestError.ConnectionError, SocketError.TryAgain, "cannot be resolved")] // The name server did not answer.
    [InlineData(HttpRequestError.ConnectionError, SocketError.NoData, "cannot be resolved")]
    [InlineData(HttpRequestError.ConnectionError, SocketError.ConnectionRefused, "refused the connection")]
    [InlineData(HttpRequestError.ConnectionError, SocketError.NetworkUnreachable, "NetworkUnreachable")]
    public void BeforeAnswer_NoConnection_SaysWhereToLook(HttpRequestError error, SocketError socket, string expected)
    {
        VendorFailure failure = TransportFailures.BeforeAnswer(
            new HttpRequestException(error, "x", new SocketException((int)socket)), Target, "http://there/v1", TimeSpan.FromSeconds(5));

        Assert.Equal(ErrorCode.ProviderUnreachable, failure.Code);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.Contains("http://there/v1", failure.Message, StringComparison.Ordinal);
        Assert.False(failure.WontPass);
    }
}
