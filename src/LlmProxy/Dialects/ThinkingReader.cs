using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Dialects;

/// <summary>Anthropic's "thinking" object, which clients of other dialects send too.</summary>
internal static class ThinkingReader
{
    public static ThinkingWish Read(ReadOnlyMemory<byte> value, ThinkingWish wish)
    {
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("type"u8))
            {
                string? type = members.Text();
                wish = wish with { Enabled = type != "disabled", IsAdaptive = type == "adaptive" };
            }
            else if (members.Is("budget_tokens"u8) && members.Number() is { } budget)
            {
                wish = wish with { Budget = budget };
            }
        }

        return wish;
    }
}
