using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Anthropic;

internal enum ThinkingMode
{
    /// <summary>Nothing is said: the model's own habit.</summary>
    Unsaid,
    Off,
    Budget,
    Adaptive,
}

/// <summary>
/// How a model is told to think, in the words its family takes: older ones a budget of tokens, newer ones "adaptive" with
/// an effort. https://platform.claude.com/docs/en/build-with-claude/extended-thinking, /adaptive-thinking, /effort
/// </summary>
internal readonly record struct AnthropicThinking(ThinkingMode Mode, long Budget = 0, string? Effort = null)
{
    private const long LeastBudget = 1024;

    /// <summary>Fields of clients that speak of thinking, each in its own words; the request's wish is made of all of them.</summary>
    private static readonly string[] Names = ["reasoning_effort", "thinking", "reasoning", "think"];

    public bool IsOn => Mode is ThinkingMode.Budget or ThinkingMode.Adaptive;

    /// <param name="isForced">The call forces a tool, which rules thinking out.</param>
    public static AnthropicThinking Decide(ChatTurn turn, ClaudeModel model, long maxTokens, bool isForced)
    {
        string? said = null;
        foreach (string name in Names)
        {
            said = turn.Fields.Take(name).IsEmpty ? said : said ?? name;
        }

        said ??= "reasoning_effort";
        ThinkingWish wish = turn.Request.Thinking;
        if (!wish.IsSaid || !wish.IsWanted)
        {
            return WithoutThinking(turn, model, said, isWished: wish.IsSaid, isForced);
        }

        if (isForced)
        {
            turn.Fields.Drop(said);
            return WithoutThinking(turn, model, said, isWished: false, isForced);
        }

        if (!model.Thinks)
        {
            turn.Fields.Drop(said);
            return default;
        }

        return model.IsAdaptive && (model.IsAdaptiveOnly || wish.Budget is null || wish.IsAdaptive)
            ? Adaptive(turn, model, wish)
            : Limited(turn, wish, maxTokens, said);
    }

    public void WriteTo(Utf8JsonWriter json)
    {
        if (Mode == ThinkingMode.Unsaid)
        {
            return;
        }

        json.WriteStartObject("thinking"u8);
        json.WriteString("type"u8, Mode switch { ThinkingMode.Off => "disabled"u8, ThinkingMode.Budget => "enabled"u8, _ => "adaptive"u8 });
        if (Mode == ThinkingMode.Budget)
        {
            json.WriteNumber("budget_tokens"u8, Budget);
        }
        else if (Mode == ThinkingMode.Adaptive)
        {
            json.WriteString("display"u8, "summarized"u8); // Newer models leave the text out unless it is asked for.
        }

        json.WriteEndObject();
    }

    private static AnthropicThinking WithoutThinking(ChatTurn turn, ClaudeModel model, string said, bool isWished, bool isForced)
    {
        if (model.AlwaysThinks)
        {
            if (isWished)
            {
                turn.Fields.Drop(said);
            }

            return default;
        }

        return (isWished && model.Thinks) || (isForced && model.ThinksUnasked) ? new AnthropicThinking(ThinkingMode.Off) : default;
    }

    private static AnthropicThinking Adaptive(ChatTurn turn, ClaudeModel model, in ThinkingWish wish)
    {
        string? effort = wish.Effort switch
        {
            "minimal" => "low",
            "xhigh" => model.HasXHigh ? "xhigh" : "max",
            { } same => same,
            null => null,
        };
        if (wish.Budget is { } budget)
        {
            turn.Fields.Drop("thinking.budget_tokens");
            effort ??= budget switch { <= 2048 => "low", <= 8192 => "medium", _ => "high" };
        }

        return new AnthropicThinking(ThinkingMode.Adaptive, Effort: effort);
    }

    private static AnthropicThinking Limited(ChatTurn turn, in ThinkingWish wish, long maxTokens, string said)
    {
        // The vendor wants the turn that its tools interrupted to begin with the thinking it began with.
        // A client that has lost those blocks would get a 400 for asking on.
        if (HasLostThinking(turn.Request.Messages))
        {
            turn.Fields.Drop(said);
            return default;
        }

        long budget = wish.Budget ?? wish.Effort switch
        {
            "minimal" => LeastBudget,
            "low" => 2048,
            "high" => 16_384,
            "xhigh" or "max" => 32_768,
            _ => 8192,
        };

        // Thinking counts as output: the budget must leave room for an answer within max_tokens.
        long most = wish.Budget is null ? maxTokens / 2 : maxTokens - 1;
        if (most < LeastBudget)
        {
            turn.Fields.Drop(said);
            return default;
        }

        long fitting = Math.Clamp(budget, LeastBudget, most);
        if (fitting != budget && wish.Budget is not null)
        {
            turn.Fields.Drop(said + ".budget_tokens");
        }

        return new AnthropicThinking(ThinkingMode.Budget, fitting);
    }

    /// <summary>The running turn (all since the user last spoke) has called tools, and none of its thinking came back.</summary>
    private static bool HasLostThinking(List<ChatMessage> messages)
    {
        bool hasCalls = false;
        for (int i = messages.Count - 1; i >= 0 && messages[i].Role != ChatRole.User; i--)
        {
            if (messages[i].ClaudesThinking.Count > 0)
            {
                return false;
            }

            hasCalls |= messages[i].ToolCalls.Count > 0;
        }

        return hasCalls;
    }
}
