using System.Text;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>
/// Thought signatures: Google's sealed notes on parts of an answer, wanted back in the next request.
/// https://ai.google.dev/gemini-api/docs/thought-signatures
/// </summary>
internal static class GeminiSignature
{
    /// <summary>
    /// Stands before a signature that travels in a thinking block: blocks of other vendors look alike, and Google refuses
    /// a conversation with a signature that is not its own.
    /// </summary>
    public const string Mark = "gemini:";

    /// <summary>What Google documents for calls of a history that never had a signature; without any, Gemini 3 refuses them.</summary>
    public static ReadOnlySpan<byte> Skip => "skip_thought_signature_validator"u8;

    public static void Tell(ChatSink sink, ReadOnlySpan<byte> escaped) => sink.Signature([.. Encoding.ASCII.GetBytes(Mark), .. escaped]);

    /// <summary>The signature as Google wrote it; empty when the block is another vendor's.</summary>
    public static ReadOnlyMemory<byte> Unmark(JsonText signature) =>
        signature.Escaped.StartsWith("gemini:"u8) ? signature.Token[(Mark.Length + 1)..^1] : default;
}
