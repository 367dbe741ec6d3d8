using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>Why Google says a candidate ended, in our words. https://ai.google.dev/api/generate-content#FinishReason</summary>
internal static class GeminiFinish
{
    public static FinishReason Of(ReadOnlySpan<byte> reason, bool hasCalls)
    {
        if (reason.SequenceEqual("MAX_TOKENS"u8))
        {
            return FinishReason.Length;
        }

        // Everything else (OTHER, MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, TOO_MANY_TOOL_CALLS, NO_IMAGE, what is
        // not known yet) ends the turn with whatever was said; finishMessage tells more.
        return IsFiltered(reason) ? FinishReason.ContentFilter : hasCalls ? FinishReason.ToolCalls : FinishReason.Stop;
    }

    public static bool IsPlain(ReadOnlySpan<byte> reason) => reason.IsEmpty || reason.SequenceEqual("STOP"u8) || reason.SequenceEqual("MAX_TOKENS"u8);

    private static bool IsFiltered(ReadOnlySpan<byte> reason) =>
        reason.SequenceEqual("SAFETY"u8) || reason.SequenceEqual("RECITATION"u8) || reason.SequenceEqual("LANGUAGE"u8)
        || reason.SequenceEqual("BLOCKLIST"u8) || reason.SequenceEqual("PROHIBITED_CONTENT"u8) || reason.SequenceEqual("SPII"u8)
        || reason.SequenceEqual("IMAGE_SAFETY"u8) || reason.SequenceEqual("IMAGE_PROHIBITED_CONTENT"u8)
        || reason.SequenceEqual("IMAGE_RECITATION"u8) || reason.SequenceEqual("MODEL_ARMOR"u8) || reason.SequenceEqual("JAILBREAK"u8);
}
