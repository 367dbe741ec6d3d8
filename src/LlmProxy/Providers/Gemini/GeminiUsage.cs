using LlmProxy.Accounting;

namespace LlmProxy.Providers.Gemini;

/// <summary>
/// Reads usageMetadata: the prompt's count includes what was cached, thoughts stand beside the candidates, and what tools
/// brought back to the model stands beside the prompt. https://ai.google.dev/api/generate-content#UsageMetadata
/// </summary>
internal static class GeminiUsage
{
    public static TokenUsage? Read(ReadOnlySpan<byte> json)
    {
        long prompt = 0;
        long cached = 0;
        long candidates = 0;
        long thoughts = 0;
        long toolUse = 0;
        long total = 0;
        bool counts = false;
        var members = new SpanWalk(json);
        while (members.Next())
        {
            counts |= Take(ref members, "promptTokenCount"u8, ref prompt)
                | Take(ref members, "cachedContentTokenCount"u8, ref cached)
                | Take(ref members, "candidatesTokenCount"u8, ref candidates)
                | Take(ref members, "thoughtsTokenCount"u8, ref thoughts)
                | Take(ref members, "toolUsePromptTokenCount"u8, ref toolUse)
                | Take(ref members, "totalTokenCount"u8, ref total);
        }

        if (!counts)
        {
            return null;
        }

        // Some models leave out what they wrote and tell only the sum.
        candidates = candidates > 0 ? candidates : Math.Max(0, total - prompt - toolUse - thoughts);
        return TokenUsage.Within(prompt + toolUse, cached, 0, candidates + thoughts, thoughts);
    }

    private static bool Take(ref SpanWalk member, ReadOnlySpan<byte> name, ref long count)
    {
        if (!member.Is(name))
        {
            return false;
        }

        count = Math.Max(0, member.Number());
        return true;
    }
}
