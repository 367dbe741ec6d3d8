using System.IO.Pipelines;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LlmProxy.Tests.Pipeline;

public sealed class RequestBodyTests
{
    [Fact]
    public async Task Body_ThatCameLate_ListensNoLongerForItsClientToLeave()
    {
        var pipe = new Pipe();
        using var clientGone = new CancellationTokenSource();
        using var body = new RequestBody(new BufferBudget());
        var http = new DefaultHttpContext();
        http.Features.Set<IRequestBodyPipeFeature>(new BodyPipe(pipe.Reader));

        ValueTask<GatewayError?> reading = body.ReadAsync(http.Request, 1 << 20, TimeSpan.FromSeconds(30), TimeProvider.System, clientGone.Token);
        await pipe.Writer.WriteAsync("{}"u8.ToArray());
        await pipe.Writer.CompleteAsync();

        Assert.Null(await reading);
        await clientGone.CancelAsync(); // Throws what its listeners throw.
    }

    private sealed class BodyPipe(PipeReader reader) : IRequestBodyPipeFeature
    {
        public PipeReader Reader => reader;
    }
}
