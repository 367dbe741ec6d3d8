using System.Text;

namespace LlmProxy.Benchmarks.Roles;

/// <summary>The parts of an OpenAI-shaped stream, baked once; with usage asked for, they look as OpenAI's then do.</summary>
internal sealed class BakedStream
{
    /// <summary>Digits in every stamped chunk's id that hold the time of its sending.</summary>
    public const int StampDigits = 19;

    public const int BurstChunks = 512;

    private const string NoStamp = "0000000000000000000";

    private BakedStream(bool usage)
    {
        Role = Chunk("""{"role":"assistant","content":"","refusal":null}""", "null", usage);
        Content = Chunk("""{"content":" nevertheless"}""", "null", usage);
        byte[] finish = Chunk("{}", "\"stop\"", usage);
        byte[] usageChunk = usage ? Encoding.UTF8.GetBytes(Frame("[]", """{"prompt_tokens":200,"completion_tokens":512,"total_tokens":712,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}""")) : [];
        End = [.. finish, .. usageChunk, .. "data: [DONE]\n\n"u8];
        Burst = [.. Role, .. Enumerable.Repeat(Content, BurstChunks).SelectMany(c => c), .. End];
    }

    public static BakedStream Bare { get; } = new(usage: false);

    public static BakedStream WithUsage { get; } = new(usage: true);

    /// <summary>What stands before the stamp in every frame.</summary>
    public static ReadOnlySpan<byte> StampPrefix => "data: {\"id\":\"chatcmpl-"u8;

    public byte[] Role { get; }

    public byte[] Content { get; }

    /// <summary>Finish reason, usage when asked for, and the mark of the end.</summary>
    public byte[] End { get; }

    /// <summary>A whole stream of 512 chunks in one piece.</summary>
    public byte[] Burst { get; }

    /// <summary>Frames of a stream with so many content chunks, as a client sees it that did not ask for usage.</summary>
    public static int FramesOf(int contentChunks) => contentChunks + 3; // The role before; the finish reason and [DONE] after.

    private static byte[] Chunk(string delta, string finish, bool usage) => Encoding.UTF8.GetBytes(
        Frame($$"""[{"index":0,"delta":{{delta}},"logprobs":null,"finish_reason":{{finish}}}]""", usage ? "null" : null));

    private static string Frame(string choices, string? usage) =>
        $$"""data: {"id":"chatcmpl-{{NoStamp}}","object":"chat.completion.chunk","created":1754000000,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_80956533cb","choices":{{choices}}{{(usage is null ? "" : ",\"usage\":" + usage)}}}"""
        + "\n\n";
}
