using System.Globalization;
using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Anthropic;

/// <summary>
/// temperature, top_p and top_k as far as model and thinking allow: newer models take none of them, thinking allows no
/// other temperature than 1, and Claude 4.1 and later not temperature and top_p together.
/// https://platform.claude.com/docs/en/build-with-claude/extended-thinking#feature-compatibility
/// </summary>
internal static class AnthropicSampling
{
    private const double LeastTopPWhileThinking = 0.95;

    public static void Write(Utf8JsonWriter json, ChatTurn turn, ClaudeModel model, bool isThinking)
    {
        double? temperature = Number(turn, "temperature");
        double? topP = Number(turn, "top_p");
        bool isFree = !model.IsAdaptiveOnly && !isThinking;
        bool hasTemperature = false;
        if (temperature is { } degree && (isFree || degree == 1))
        {
            turn.Fields.Take("temperature");
            if (isFree)
            {
                hasTemperature = degree != 1;
                WriteTemperature(json, turn, degree);
            }
        }

        bool takesTopP = !model.IsAdaptiveOnly && !(hasTemperature && model.TakesOneSampler) && (!isThinking || topP >= LeastTopPWhileThinking);
        if (topP is { } share && (takesTopP || share == 1))
        {
            turn.Fields.Take("top_p");
            if (takesTopP && !(share == 1 && model.TakesOneSampler))
            {
                json.WriteNumber("top_p"u8, share);
            }
        }

        if (Number(turn, "top_k") is { } count && isFree)
        {
            turn.Fields.Take("top_k");
            json.WriteNumber("top_k"u8, (long)count);
        }
    }

    /// <summary>OpenAI's scale ends at 2, this one at 1.</summary>
    private static void WriteTemperature(Utf8JsonWriter json, ChatTurn turn, double degree)
    {
        if (degree > 1)
        {
            turn.Fields.Drop("temperature");
        }

        json.WriteNumber("temperature"u8, Math.Clamp(degree, 0, 1));
    }

    private static double? Number(ChatTurn turn, string name)
    {
        ReadOnlyMemory<byte> value = turn.Fields.Look(name);
        return double.TryParse(value.Span, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;
    }
}
