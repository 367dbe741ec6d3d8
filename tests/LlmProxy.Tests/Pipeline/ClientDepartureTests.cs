using LlmProxy.Pipeline;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.Tests.Pipeline;

public sealed class ClientDepartureTests
{
    [Fact]
    public void Reset_SeenBeforeTheRequestIsMarkedAborted_IsADeparture()
    {
        var http = new DefaultHttpContext { RequestAborted = CancellationToken.None };

        Assert.True(ClientDeparture.Is(new ConnectionResetException("Connection reset by peer"), http));
        Assert.True(ClientDeparture.Is(new TaskCanceledException("The request was aborted", new ConnectionAbortedException()), http));
    }

    [Fact]
    public void OtherFailures_WhileTheClientWaits_AreNone()
    {
        var http = new DefaultHttpContext { RequestAborted = CancellationToken.None };

        Assert.False(ClientDeparture.Is(new IOException("The vendor's connection broke"), http));
        Assert.False(ClientDeparture.Is(new OperationCanceledException(), http));
    }

    [Fact]
    public void AnyFailure_AfterTheRequestIsMarkedAborted_IsADeparture() =>
        Assert.True(ClientDeparture.Is(new InvalidOperationException(), new DefaultHttpContext { RequestAborted = new CancellationToken(canceled: true) }));
}
