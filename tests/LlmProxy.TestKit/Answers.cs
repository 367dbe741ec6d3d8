using System.Text;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.TestKit;

/// <summary>Ready-made ways for a vendor to answer, or to fail to.</summary>
public static class Answers
{
    public static UpstreamAnswer Json(string json, int status = 200, params (string Name, string Value)[] headers) =>
        Bytes(Encoding.UTF8.GetBytes(json), "application/json", status, headers);

    public static UpstreamAnswer Html(int status) =>
        Bytes("<html><head><title>Bad gateway</title></head><body>nginx</body></html>"u8.ToArray(), "text/html", status);

    /// <summary>An error in OpenAI's shape.</summary>
    public static UpstreamAnswer Error(int status, string message, string? code = null, params (string Name, string Value)[] headers)
    {
        string quotedCode = code is null ? "null" : $"\"{code}\"";
        return Json($$$$"""{"error":{"message":"{{{{message}}}}","type":"vendor_error","param":null,"code":{{{{quotedCode}}}}}}""", status, headers);
    }

    public static UpstreamAnswer Bytes(byte[] body, string contentType, int status = 200, params (string Name, string Value)[] headers) => async call =>
    {
        Begin(call, contentType, status, headers);
        call.Http.Response.ContentLength = body.Length;
        await call.Http.Response.Body.WriteAsync(body, call.Http.RequestAborted);
    };

    /// <summary>A stream of server-sent events, sent piece by piece exactly as the steps say.</summary>
    public static UpstreamAnswer Sse(params Step[] steps) => Sse([], steps);

    public static UpstreamAnswer Sse((string Name, string Value)[] headers, params Step[] steps) => Stream("text/event-stream", headers, steps);

    /// <summary>Lines of JSON, as Ollama streams.</summary>
    public static UpstreamAnswer JsonLines(params Step[] steps) => Stream("application/x-ndjson", [], steps);

    private static UpstreamAnswer Stream(string contentType, (string Name, string Value)[] headers, Step[] steps) => async call =>
    {
        Begin(call, contentType, 200, headers);
        await call.Http.Response.StartAsync(call.Http.RequestAborted);
        await call.Http.Response.Body.FlushAsync(call.Http.RequestAborted);
        foreach (Step step in steps)
        {
            await step.RunAsync(call);
        }
    };

    /// <summary>Whole events as one stream, with the closing mark.</summary>
    public static UpstreamAnswer SseData(params string[] data) =>
        Sse([.. data.Append("[DONE]").Select(d => Step.Send($"data: {d}\n\n"))]);

    /// <summary>Takes the request and says nothing until the gateway gives up.</summary>
    public static UpstreamAnswer HangBeforeHeaders { get; } = call => Task.Delay(Timeout.Infinite, call.Http.RequestAborted);

    /// <summary>Begins a stream and says nothing that is output.</summary>
    public static UpstreamAnswer HangBeforeFirstToken { get; } = Sse(Step.Send(OpenAiAnswers.RoleChunk), Step.Hang);

    /// <summary>Takes the request and resets the connection.</summary>
    public static UpstreamAnswer ResetBeforeHeaders { get; } = call =>
    {
        call.Http.Abort();
        return Task.CompletedTask;
    };

    public static UpstreamAnswer ResetBeforeFirstToken { get; } = Sse(Step.Send(OpenAiAnswers.RoleChunk), Step.Reset);

    /// <summary>Ends a stream properly, though nothing has been said.</summary>
    public static UpstreamAnswer EndBeforeFirstToken { get; } = Sse(Step.Send(OpenAiAnswers.RoleChunk));

    public static UpstreamAnswer ErrorAsFirstEvent { get; } =
        Sse(Step.Send("""data: {"error":{"message":"The model is overloaded","type":"server_error","param":null,"code":"overloaded"}}""" + "\n\n"));

    /// <summary>Announces a whole body and resets after some of it.</summary>
    public static UpstreamAnswer ResetAfter(byte[] body, int count) => async call =>
    {
        Begin(call, "application/json", 200, []);
        call.Http.Response.ContentLength = body.Length;
        await call.Http.Response.Body.WriteAsync(body.AsMemory(0, count), call.Http.RequestAborted);
        await call.Http.Response.Body.FlushAsync(call.Http.RequestAborted);
        call.Http.Abort();
    };

    /// <summary>
    /// Announces a whole body and closes after some of it. Unlike a reset, which may overtake what was sent before it,
    /// a close lets that arrive.
    /// </summary>
    public static UpstreamAnswer BreakAfter(byte[] body, int count) => async call =>
    {
        Begin(call, "application/json", 200, []);
        call.Http.Response.ContentLength = body.Length;
        await call.Http.Response.Body.WriteAsync(body.AsMemory(0, count), call.Http.RequestAborted);
        await call.Http.Response.Body.FlushAsync(call.Http.RequestAborted);
        throw new BrokenOffException();
    };

    /// <summary>Announces a whole body and falls silent after some of it.</summary>
    public static UpstreamAnswer HangAfter(byte[] body, int count) => async call =>
    {
        Begin(call, "application/json", 200, []);
        call.Http.Response.ContentLength = body.Length;
        await call.Http.Response.Body.WriteAsync(body.AsMemory(0, count), call.Http.RequestAborted);
        await call.Http.Response.Body.FlushAsync(call.Http.RequestAborted);
        await Task.Delay(Timeout.Infinite, call.Http.RequestAborted);
    };

    /// <summary>Waits at the gate, then answers.</summary>
    public static UpstreamAnswer After(Gate gate, UpstreamAnswer answer) => async call =>
    {
        await gate.PassAsync(call.Http.RequestAborted);
        await answer(call);
    };

    internal static void Begin(UpstreamCall call, string contentType, int status, (string Name, string Value)[] headers)
    {
        HttpResponse response = call.Http.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        foreach ((string name, string value) in headers)
        {
            response.Headers.Append(name, value);
        }
    }
}

/// <summary>One step of a scripted stream.</summary>
public abstract record Step
{
    public static Step Hang { get; } = new HangStep();

    public static Step Reset { get; } = new ResetStep();

    /// <summary>Closes in the middle of the body; all that was sent before arrives.</summary>
    public static Step Break { get; } = new BreakStep();

    /// <summary>Sends these bytes as one piece.</summary>
    public static Step Send(string text) => new SendStep(Encoding.UTF8.GetBytes(text));

    public static Step Send(byte[] bytes) => new SendStep(bytes);

    public static Step Wait(Gate gate) => new WaitStep(gate);

    /// <summary>A pause for tests that are about time itself.</summary>
    public static Step Pause(TimeSpan time) => new PauseStep(time);

    internal abstract Task RunAsync(UpstreamCall call);

    private sealed record SendStep(byte[] Bytes) : Step
    {
        internal override async Task RunAsync(UpstreamCall call)
        {
            await call.Http.Response.Body.WriteAsync(Bytes, call.Http.RequestAborted);
            await call.Http.Response.Body.FlushAsync(call.Http.RequestAborted);
        }
    }

    private sealed record WaitStep(Gate Gate) : Step
    {
        internal override Task RunAsync(UpstreamCall call) => Gate.PassAsync(call.Http.RequestAborted);
    }

    private sealed record PauseStep(TimeSpan Time) : Step
    {
        internal override Task RunAsync(UpstreamCall call) => Task.Delay(Time, call.Http.RequestAborted);
    }

    private sealed record HangStep : Step
    {
        internal override Task RunAsync(UpstreamCall call) => Task.Delay(Timeout.Infinite, call.Http.RequestAborted);
    }

    private sealed record ResetStep : Step
    {
        internal override Task RunAsync(UpstreamCall call)
        {
            call.Http.Abort();
            return Task.CompletedTask;
        }
    }

    private sealed record BreakStep : Step
    {
        internal override Task RunAsync(UpstreamCall call) => throw new BrokenOffException();
    }
}

/// <summary>What a server does to an answer that has begun when its application throws: it closes the connection.</summary>
internal sealed class BrokenOffException : Exception;
