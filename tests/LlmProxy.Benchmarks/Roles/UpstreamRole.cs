using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LlmProxy.Benchmarks.Roles;

/// <summary>The vendor: takes any body, answers at once with baked bytes, paces streams by the clock.</summary>
internal static class UpstreamRole
{
    public const string StatisticsPath = "/bench/statistics";

    // A small body is kept whole to see whether usage was asked for; of a large one only the beginning matters.
    private const int KeptBytes = 4096;

    private static long _connections;
    private static long _requests;

    public static async Task RunAsync(int port)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.ListenLocalhost(port, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => connection =>
                {
                    Interlocked.Increment(ref _connections);
                    return next(connection);
                });
            });
        });
        WebApplication app = builder.Build();
        app.Run(AnswerAsync);
        ParentWatch.Start();
        await app.RunAsync();
    }

    private static Task AnswerAsync(HttpContext context) => context.Request.Method switch
    {
        "POST" => AnswerPostAsync(context),
        _ when context.Request.Path == StatisticsPath =>
            context.Response.WriteAsync($"{Interlocked.Read(ref _connections)} {Interlocked.Read(ref _requests)}"),
        _ => AnswerPlainAsync(context, BakedAnswer.Models),
    };

    private static async Task AnswerPostAsync(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        byte[] kept = ArrayPool<byte>.Shared.Rent(KeptBytes);
        int length = await DrainAsync(context.Request.BodyReader, kept.AsMemory(0, KeptBytes), context.RequestAborted);
        AskedAnswer? asked = AskedAnswer.Read(kept.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(kept);
        switch (asked)
        {
            case { Kind: AskedAnswer.Plain }:
                await AnswerPlainAsync(context, BakedAnswer.Plain);
                break;
            case { Kind: AskedAnswer.Burst, Usage: var usage }:
                context.Response.ContentType = "text/event-stream";
                await context.Response.BodyWriter.WriteAsync((usage ? BakedStream.WithUsage : BakedStream.Bare).Burst, context.RequestAborted);
                break;
            case { Kind: AskedAnswer.Paced } paced:
                context.Response.ContentType = "text/event-stream";
                await PaceAsync(context.Response.BodyWriter, paced, context.RequestAborted);
                break;
            case { Kind: AskedAnswer.ClaudeBurst }:
                context.Response.ContentType = "text/event-stream";
                await context.Response.BodyWriter.WriteAsync(BakedClaudeStream.Burst, context.RequestAborted);
                break;
            case { Kind: AskedAnswer.ClaudePaced } paced:
                context.Response.ContentType = "text/event-stream";
                await PaceClaudeAsync(context.Response.BodyWriter, paced, context.RequestAborted);
                break;
            default:
                context.Response.StatusCode = 400;
                break;
        }
    }

    private static async Task<int> DrainAsync(PipeReader body, Memory<byte> kept, CancellationToken ct)
    {
        int length = 0;
        while (true)
        {
            ReadResult read = await body.ReadAsync(ct);
            if (length < kept.Length)
            {
                ReadOnlySequence<byte> wanted = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, kept.Length - length));
                wanted.CopyTo(kept.Span[length..]);
                length += (int)wanted.Length;
            }
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return length;
            }
        }
    }

    private static async Task AnswerPlainAsync(HttpContext context, byte[] answer)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = answer.Length;
        await context.Response.BodyWriter.WriteAsync(answer, context.RequestAborted);
    }

    private static async Task PaceAsync(PipeWriter body, AskedAnswer asked, CancellationToken ct)
    {
        BakedStream stream = asked.Usage ? BakedStream.WithUsage : BakedStream.Bare;
        // Vendors send the role and the first token almost together: the first token is what a client waits for.
        WriteStamped(body, stream.Role);
        WriteStamped(body, stream.Content);
        await body.FlushAsync(ct);
        try
        {
            using PeriodicTimer pace = new(TimeSpan.FromMilliseconds(asked.EveryMs));
            for (int chunk = 1; chunk < asked.Chunks && await pace.WaitForNextTickAsync(ct); chunk++)
            {
                WriteStamped(body, stream.Content);
                await body.FlushAsync(ct);
            }
            await body.WriteAsync(stream.End, ct);
        }
        catch (OperationCanceledException)
        {
            // The load was stopped in the middle of the stream.
        }
    }

    private static async Task PaceClaudeAsync(PipeWriter body, AskedAnswer asked, CancellationToken ct)
    {
        await body.WriteAsync(BakedClaudeStream.Begin, ct);
        try
        {
            using PeriodicTimer pace = new(TimeSpan.FromMilliseconds(asked.EveryMs));
            for (int delta = 0; delta < asked.Chunks && await pace.WaitForNextTickAsync(ct); delta++)
            {
                await body.WriteAsync(BakedClaudeStream.Delta, ct);
            }
            await body.WriteAsync(BakedClaudeStream.End, ct);
        }
        catch (OperationCanceledException)
        {
            // The load was stopped in the middle of the stream.
        }
    }

    private static void WriteStamped(PipeWriter body, byte[] chunk)
    {
        Span<byte> target = body.GetSpan(chunk.Length);
        chunk.CopyTo(target);
        Utf8Formatter.TryFormat(
            Stopwatch.GetTimestamp(), target.Slice(BakedStream.StampPrefix.Length, BakedStream.StampDigits), out _, new StandardFormat('D', BakedStream.StampDigits));
        body.Advance(chunk.Length);
    }
}
