namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>The finish reasons of OpenAI's schema, and what other servers of its dialect mean by theirs.</summary>
internal static class FinishWords
{
    public static bool IsKnown(ReadOnlySpan<byte> json) =>
        json.SequenceEqual("\"stop\""u8) || json.SequenceEqual("\"tool_calls\""u8) || json.SequenceEqual("\"length\""u8)
        || json.SequenceEqual("\"content_filter\""u8) || json.SequenceEqual("\"function_call\""u8);

    /// <summary>The nearest that the schema has, as JSON.</summary>
    public static byte[] Meant(ReadOnlySpan<byte> json) => (StreamFrames.Text(json) ?? "").ToUpperInvariant() switch
    {
        "MODEL_LENGTH" or "MAX_TOKENS" or "MAX_LENGTH" or "CONTEXT_LENGTH" => "\"length\""u8.ToArray(), // Mistral; Cohere and Google behind their OpenAI addresses
        "TOOL_USE" or "TOOL_CALL" => "\"tool_calls\""u8.ToArray(),
        "SAFETY" or "RECITATION" or "CONTENT_FILTERED" or "REFUSAL" or "BLOCKLIST" or "PROHIBITED_CONTENT" or "SPII" => "\"content_filter\""u8.ToArray(),
        _ => "\"stop\""u8.ToArray(), // eos (Together), end_turn, stop_sequence, abort (vLLM)
    };
}
