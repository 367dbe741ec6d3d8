using System.Text;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Contract;

/// <summary>What a vendor is to say: words, calls of tools, or a refusal; in whatever dialect it has.</summary>
public sealed record Saying(string Text, params (string Id, string Name, string Arguments)[] Calls)
{
    public bool IsRefusal { get; init; }

    public static Saying Words { get; } = new("Grüße 🌊 \"vom\"\nHafen.");

    public static Saying Parallel { get; } = new("", ("call_a", "tide", """{"harbour":"Røst"}"""), ("call_b", "wind", """{"harbour":"Å"}"""));

    public static Saying One { get; } = new("", ("call_c", "tide", """{"harbour":"Reine"}"""));

    public static Saying Json { get; } = new("""{"high":2.5}""");

    public static Saying Refused { get; } = new("") { IsRefusal = true };
}

/// <summary>One vendor of the contract suite: how it is configured, and how it says things in its dialect. It counts 12 tokens in and 6 out.</summary>
public abstract class VendorScript
{
    public abstract string Provider { get; }

    /// <summary>Whose dialect it speaks.</summary>
    public virtual string Dialect => Provider;

    public virtual string Model => "m-of-" + Provider; // Nobody else serves it: nobody follows.

    public virtual object Auth => new { api_key = "k" };

    public virtual string BaseUrl(string address) => address;

    public virtual string StreamType => "text/event-stream";

    /// <summary>Whether the vendor's calls have ids, which then must reach the client as they are.</summary>
    public virtual bool HasCallIds => true;

    public abstract string Whole(Saying saying, UpstreamCall call);

    /// <summary>The stream's frames, the first of them with content last of <see cref="Opening"/>.</summary>
    public abstract IReadOnlyList<byte[]> Frames(Saying saying, UpstreamCall call);

    /// <summary>A stream that has said something and is not over.</summary>
    public abstract byte[] Opening { get; }

    public abstract (int Status, string Body) Overload { get; }

    /// <summary>The same inside a stream.</summary>
    public abstract byte[] OverloadFrame { get; }

    public virtual bool WantsStream(UpstreamCall call) => call.WantsStream;

    public UpstreamAnswer Says(Saying saying) => call => call.Method != "POST" ? Answers.Json("{}")(call)
        : WantsStream(call) ? Streamed(Frames(saying, call))(call)
        : Answers.Json(Whole(saying, call))(call);

    public UpstreamAnswer Streamed(IReadOnlyList<byte[]> frames, bool hangs = false) => async call =>
    {
        call.Http.Response.ContentType = StreamType;
        foreach (byte[] frame in frames)
        {
            await call.Http.Response.Body.WriteAsync(frame, call.Http.RequestAborted);
            await call.Http.Response.Body.FlushAsync(call.Http.RequestAborted);
        }

        if (hangs)
        {
            await Task.Delay(Timeout.Infinite, call.Http.RequestAborted);
        }
    };

    protected static byte[] Data(string json) => Encoding.UTF8.GetBytes($"data: {json}\n\n");

    protected static byte[] Event(string json) => Encoding.UTF8.GetBytes($"event: {System.Text.Json.Nodes.JsonNode.Parse(json)!["type"]}\ndata: {json}\n\n");

    protected static string Quoted(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    public override string ToString() => Provider;
}
