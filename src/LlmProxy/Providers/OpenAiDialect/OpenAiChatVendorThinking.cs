using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Providers.OpenAi;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Says how hard the model shall think, in the words its server knows.</summary>
internal sealed class OpenAiChatVendorThinking(ChatTurn turn, Utf8JsonWriter json, OpenAiChatVendorHabits habits)
{
    /// <summary>The effort that was written; null: none.</summary>
    public string? Write()
    {
        ThinkingWish wish = turn.Request.Thinking;
        if (!wish.IsSaid)
        {
            return null;
        }

        string? effort = EffortOf(wish);
        bool isOff = !wish.IsWanted;
        if (habits.IsOpenAi)
        {
            return WriteOpenAi(isOff, effort);
        }

        if (habits.IsVllm)
        {
            return WriteVllm(isOff, wish, effort);
        }

        if (habits.IsMistral)
        {
            return WriteMistral(isOff);
        }

        if (isOff && !habits.TakesEffortNone)
        {
            return null; // There is no word for it here: named as dropped.
        }

        // Groq refuses the field for models that do not reason.
        bool isPicky = habits.Reasoning == ReasoningHabit.Reasoning && !habits.TakesCacheMarks;
        return isPicky && !turn.Target.Model.Contains("gpt-oss", StringComparison.OrdinalIgnoreCase) ? null : Say(isOff ? "none" : effort);
    }

    private string? WriteOpenAi(bool isOff, string? effort)
    {
        string model = turn.Target.Model;
        if (!ReasoningModels.DemandCompletionLimit(model))
        {
            return isOff ? Say(null) : null; // What does not reason need not be told to stop.
        }

        if (!isOff)
        {
            return Say(effort);
        }

        // "none" came with 5.1, "minimal" with 5; the o-series knows neither.
        string name = model[(model.LastIndexOf('/') + 1)..];
        bool isO = (name[0] | 0x20) == 'o';
        bool isFirstFive = name.Equals("gpt-5", StringComparison.OrdinalIgnoreCase) || name.StartsWith("gpt-5-", StringComparison.OrdinalIgnoreCase);
        return Say(isO ? "low" : isFirstFive ? "minimal" : "none");
    }

    /// <summary>The template decides: https://docs.vllm.ai/en/latest/features/reasoning_outputs.html names both switches.</summary>
    private string? WriteVllm(bool isOff, in ThinkingWish wish, string? effort)
    {
        if ((isOff || wish.Enabled == true) && turn.Fields.Look("chat_template_kwargs").IsEmpty)
        {
            json.WriteStartObject("chat_template_kwargs"u8);
            json.WriteBoolean("enable_thinking"u8, !isOff);
            json.WriteBoolean("thinking"u8, !isOff);
            json.WriteEndObject();
        }

        return Say(isOff ? null : effort switch { "minimal" => "low", "xhigh" => "high", _ => effort });
    }

    /// <summary>high or none, for the models that can do both; Magistral always thinks.</summary>
    private string? WriteMistral(bool isOff)
    {
        string model = turn.Target.Model;
        bool hasSwitch = model.StartsWith("mistral-small", StringComparison.OrdinalIgnoreCase) || model.StartsWith("mistral-medium", StringComparison.OrdinalIgnoreCase);
        bool alwaysThinks = model.StartsWith("magistral", StringComparison.OrdinalIgnoreCase);
        if (hasSwitch)
        {
            return Say(isOff ? "none" : "high");
        }

        return alwaysThinks != isOff ? Say(null) : null;
    }

    private string? Say(string? effort)
    {
        turn.Fields.Take("thinking");
        turn.Fields.Take("reasoning");
        turn.Fields.Take("reasoning_effort");
        if (effort is not null)
        {
            json.WriteString("reasoning_effort"u8, effort);
        }

        return effort;
    }

    /// <summary>"max" is Anthropic's word for more than high. A budget is told by the effort that spends about as much.</summary>
    private static string? EffortOf(in ThinkingWish wish) => wish switch
    {
        { Effort: "max" } => "high",
        { Effort: { } effort } => effort,
        { Budget: < 4096 } => "low",
        { Budget: < 16_384 } => "medium",
        { Budget: not null } => "high",
        _ => null,
    };
}
