namespace LlmProxy.Benchmarks.Roles;

/// <summary>The parts of a stream as Anthropic sends it, baked once.</summary>
internal static class BakedClaudeStream
{
    public const int BurstDeltas = 512;

    /// <summary>All that comes before the first delta: three events.</summary>
    public static byte[] Begin { get; } =
    [
        .. "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"claude-sonnet-4-5-20250929\",\"id\":\"msg_01BenchBenchBenchBenchBenc\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":200,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":1,\"service_tier\":\"standard\"}}   }\n\n"u8,
        .. "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}  }\n\n"u8,
        .. "event: ping\ndata: {\"type\": \"ping\"}\n\n"u8,
    ];

    public static byte[] Delta { get; } =
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" nevertheless\"}        }\n\n"u8.ToArray();

    /// <summary>Three events.</summary>
    public static byte[] End { get; } =
    [
        .. "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0    }\n\n"u8,
        .. "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":512}  }\n\n"u8,
        .. "event: message_stop\ndata: {\"type\":\"message_stop\"     }\n\n"u8,
    ];

    public static byte[] Burst { get; } = [.. Begin, .. Enumerable.Repeat(Delta, BurstDeltas).SelectMany(d => d), .. End];

    /// <summary>Events of a stream with so many deltas.</summary>
    public static int EventsOf(int deltas) => deltas + 6;

    /// <summary>What an OpenAI client gets of them: the deltas, the finish reason, [DONE].</summary>
    public static int ChunksOf(int deltas) => deltas + 2;
}
