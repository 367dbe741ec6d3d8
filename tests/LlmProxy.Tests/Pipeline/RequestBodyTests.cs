using System.IO.Pipelines;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LlmProxy.Tests.Pipeline;

public sealed class RequestBodyTests
{
    [Fact]
    public async Task Read_OfASlowBody_LeavesNothingBehindThatTheClientsDepartureWouldWake()
    {
        var pipe = new Pipe();
        var http = new DefaultHttpContext();
        http.Features.Set<IRequestBodyPipeFeature>(new SlowBody(pipe.Reader));
        using var client = new CancellationTokenSource();
        using var body = new RequestBody(new BufferBudget());
        ValueTask<GatewayError?> reading = body.ReadAsync(http.Request, 1000, TimeSpan.FromSeconds(30), TimeProvider.System, client.Token);
        await pipe.Writer.WriteAsync("{}"u8.ToArray());
        await pipe.Writer.CompleteAsync();
        Assert.Null(await reading);

        // Throws what any registration throws.
        await client.CancelAsync();
        Assert.Equal("{}"u8, body.Span);
    }

    private sealed class SlowBody(PipeReader reader) : IRequestBodyPipeFeature
    {
        public PipeReader Reader => reader;
    }
}
