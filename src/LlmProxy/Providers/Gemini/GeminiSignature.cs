using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>
/// Thought signatures: Google's sealed notes on parts of an answer, wanted back in the next request.
/// https://ai.google.dev/gemini-api/docs/thought-signatures
/// </summary>
internal static class GeminiSignature
{
    /// <summary>What Google documents for calls of a history that never had a signature; without any, Gemini 3 refuses them.</summary>
    public static ReadOnlySpan<byte> Skip => "skip_thought_signature_validator"u8;

    public static void Tell(ChatSink sink, ReadOnlySpan<byte> escaped) => sink.Signature([.. ThinkingBlock.GoogleMark, .. escaped]);

    /// <summary>The signature as Google wrote it; empty when the block is another vendor's.</summary>
    public static ReadOnlyMemory<byte> Unmark(JsonText signature) =>
        signature.Escaped.StartsWith(ThinkingBlock.GoogleMark) ? signature.Token[(ThinkingBlock.GoogleMark.Length + 1)..^1] : default;
}
