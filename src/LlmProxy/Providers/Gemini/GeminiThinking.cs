using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>
/// How hard the model thinks: levels from Gemini 3 on, token budgets before; efforts become budgets as Google's own
/// OpenAI address maps them. https://ai.google.dev/gemini-api/docs/openai#thinking
/// </summary>
internal static class GeminiThinking
{
    private static readonly string[] Fields = ["reasoning_effort", "thinking", "reasoning"];

    /// <summary>Writes thinkingConfig where the client asked for something and the model can be told; what stays untaken is named as dropped.</summary>
    public static void Write(Utf8JsonWriter json, ChatTurn turn, GeminiModel model)
    {
        ThinkingWish wish = turn.Request.Thinking;
        if (!wish.IsSaid || !model.Thinks)
        {
            return;
        }

        foreach (string field in Fields)
        {
            turn.Fields.Take(field);
        }

        json.WriteStartObject("thinkingConfig"u8);
        if (model.IsThird && (wish.Budget is null || !wish.IsWanted))
        {
            if (Level(wish, model) is { } level)
            {
                json.WriteString("thinkingLevel"u8, level);
            }
        }
        else
        {
            json.WriteNumber("thinkingBudget"u8, Budget(wish, model));
        }

        json.WriteBoolean("includeThoughts"u8, wish.IsWanted);
        json.WriteEndObject();
    }

    /// <summary>Null: the model's own habit. Thinking cannot be turned off, only made short.</summary>
    private static string? Level(ThinkingWish wish, GeminiModel model)
    {
        if (!wish.IsWanted)
        {
            return model.IsFlash ? "minimal" : "low";
        }

        return wish.Effort switch
        {
            "minimal" => model.IsFlash ? "minimal" : "low",
            "low" => "low",
            "medium" => model is { IsFlash: false, Generation: 3 } ? "high" : "medium", // Gemini 3 Pro knows only low and high.
            "high" or "xhigh" or "max" => "high",
            _ => null,
        };
    }

    private static long Budget(ThinkingWish wish, GeminiModel model)
    {
        if (model.IsThird)
        {
            return wish.Budget!.Value; // Still read beside the levels.
        }

        // Pro thinks always, Lite either not at all or at some length. https://ai.google.dev/gemini-api/docs/thinking#set-budget
        (long least, long most) = model.IsLite ? (512, 24576L) : model.IsFlash ? (0, 24576L) : (128, 32768L);
        if (!wish.IsWanted)
        {
            return model.IsFlash ? 0 : least;
        }

        long? budget = wish.Budget ?? wish.Effort switch
        {
            "minimal" or "low" => 1024,
            "medium" => 8192,
            "high" => 24576,
            "xhigh" or "max" => most,
            _ => null,
        };
        return budget is { } tokens ? Math.Clamp(tokens, least, most) : -1; // -1: as long as the model sees fit.
    }
}
