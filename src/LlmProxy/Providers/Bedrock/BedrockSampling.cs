using System.Globalization;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Providers.Anthropic;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Bedrock;

/// <summary>
/// inferenceConfig, which all models share, and additionalModelRequestFields, where each family has words of its own.
/// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
/// </summary>
internal sealed class BedrockSampling
{
    private const double LeastTopPWhileThinking = 0.95;

    private static readonly string[] ThinkingNames = ["reasoning_effort", "thinking", "reasoning", "think"];

    private readonly ChatTurn _turn;
    private readonly BedrockModel _model;
    private readonly AnthropicThinking _thinking;
    private readonly string? _effort;
    private readonly long? _maxTokens;

    public BedrockSampling(ChatTurn turn, BedrockModel model, bool isForced)
    {
        _turn = turn;
        _model = model;
        turn.Fields.Take("max_tokens");
        int configured = turn.Llm.Options.MaxOutputTokens;
        _maxTokens = turn.Request.MaxTokens ?? (configured > 0 ? configured : null);
        if (!turn.Fields.Look("additionalModelRequestFields").IsEmpty && turn.Request.Thinking is { IsSaid: false })
        {
            return; // The client speaks to the model itself.
        }

        if (model.Claude is { } claude)
        {
            long room = _maxTokens ?? claude.MaxOutput;
            _thinking = AnthropicThinking.Decide(turn, claude, room, isForced);

            // Without a limit the vendor's own may be smaller than the budget it must exceed.
            _maxTokens ??= _thinking.Mode == ThinkingMode.Budget ? room : null;
        }
        else
        {
            _effort = EffortOf(turn, model);
        }
    }

    public void WriteInference(Utf8JsonWriter json)
    {
        json.WriteStartObject("inferenceConfig"u8);
        if (_maxTokens is { } limit)
        {
            json.WriteNumber("maxTokens"u8, limit);
        }

        WriteTemperature(json);
        WriteStop(json);
        json.WriteEndObject();
    }

    public void WriteAdditional(Utf8JsonWriter json)
    {
        ReadOnlyMemory<byte> own = _turn.Fields.Take("additionalModelRequestFields");
        double? topK = TopK();
        bool saysThinking = _thinking.Mode != ThinkingMode.Unsaid;
        if (own.IsEmpty && topK is null && !saysThinking && _thinking.Effort is null && _effort is null)
        {
            return;
        }

        json.WriteStartObject("additionalModelRequestFields"u8);
        var written = new HashSet<string>(StringComparer.Ordinal);
        var members = new JsonWalk(own.IsEmpty ? "{}"u8.ToArray() : own);
        while (members.Next())
        {
            written.Add(members.Name());
            json.WritePropertyName(members.Name());
            json.WriteRawValue(members.Value.Span, skipInputValidation: true);
        }

        if (saysThinking && !written.Contains("thinking") && !written.Contains("reasoning_config"))
        {
            WriteThinking(json);
        }

        if (_thinking.Effort is { } claudeEffort && !written.Contains("output_config"))
        {
            json.WriteStartObject("output_config"u8);
            json.WriteString("effort"u8, claudeEffort);
            json.WriteEndObject();
        }

        WriteEffort(json, written);
        WriteTopK(json, topK, written);
        json.WriteEndObject();
    }

    private void WriteThinking(Utf8JsonWriter json)
    {
        json.WriteStartObject("thinking"u8);
        json.WriteString("type"u8, _thinking.Mode switch { ThinkingMode.Off => "disabled"u8, ThinkingMode.Budget => "enabled"u8, _ => "adaptive"u8 });
        if (_thinking.Mode == ThinkingMode.Budget)
        {
            json.WriteNumber("budget_tokens"u8, _thinking.Budget);
        }
        else if (_thinking.Mode == ThinkingMode.Adaptive && _model.Claude!.IsAdaptiveOnly)
        {
            json.WriteString("display"u8, "summarized"u8); // The newest leave the text out unless it is asked for.
        }

        json.WriteEndObject();
    }

    /// <summary>Nova 2: https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html; gpt-oss keeps OpenAI's word.</summary>
    private void WriteEffort(Utf8JsonWriter json, HashSet<string> written)
    {
        if (_effort is null || written.Contains("reasoningConfig") || written.Contains("reasoning_effort"))
        {
            return;
        }

        if (_model.Family == BedrockFamily.GptOss)
        {
            json.WriteString("reasoning_effort"u8, _effort);
            return;
        }

        json.WriteStartObject("reasoningConfig"u8);
        json.WriteString("type"u8, _effort == "none" ? "disabled"u8 : "enabled"u8);
        if (_effort != "none")
        {
            json.WriteString("maxReasoningEffort"u8, _effort);
        }

        json.WriteEndObject();
    }

    private static string? EffortOf(ChatTurn turn, BedrockModel model)
    {
        ThinkingWish wish = turn.Request.Thinking;
        if (!wish.IsSaid || model.Family is not (BedrockFamily.GptOss or BedrockFamily.Nova2))
        {
            return null; // Named as dropped.
        }

        foreach (string name in ThinkingNames)
        {
            turn.Fields.Take(name);
        }

        bool isGptOss = model.Family == BedrockFamily.GptOss;
        string effort = wish switch
        {
            { IsWanted: false } => isGptOss ? "low" : "none", // gpt-oss cannot be kept from reasoning.
            { Effort: "minimal" or "low" } or { Effort: null, Budget: < 4096 } => "low",
            { Effort: "high" or "xhigh" or "max" } or { Effort: null, Budget: >= 16_384 } => "high",
            _ => "medium",
        };

        // Nova refuses its highest effort together with any of these limits; they were said in numbers.
        bool hasLimits = turn.Request.MaxTokens is not null || !turn.Fields.Look("temperature").IsEmpty || !turn.Fields.Look("top_p").IsEmpty;
        return !isGptOss && effort == "high" && hasLimits ? "medium" : effort;
    }

    private void WriteTemperature(Utf8JsonWriter json)
    {
        double? temperature = Number("temperature");
        double? topP = Number("top_p");
        ClaudeModel? claude = _model.Claude;
        bool isThinking = _thinking.IsOn;
        bool isFree = claude is not { IsAdaptiveOnly: true } && !isThinking;
        bool hasTemperature = false;
        if (temperature is { } degree && (isFree || degree == 1))
        {
            _turn.Fields.Take("temperature");
            if (isFree)
            {
                // OpenAI's scale ends at 2, this one at 1.
                if (degree > 1)
                {
                    _turn.Fields.Drop("temperature");
                }

                hasTemperature = degree != 1;
                json.WriteNumber("temperature"u8, Math.Clamp(degree, 0, 1));
            }
        }

        bool takesTopP = claude is not { IsAdaptiveOnly: true } && !(hasTemperature && claude is { TakesOneSampler: true }) && (!isThinking || topP >= LeastTopPWhileThinking);
        if (topP is { } share && (takesTopP || share == 1))
        {
            _turn.Fields.Take("top_p");
            if (takesTopP && !(share == 1 && claude is { TakesOneSampler: true }))
            {
                json.WriteNumber("topP"u8, share);
            }
        }
    }

    private void WriteStop(Utf8JsonWriter json)
    {
        _turn.Fields.Take("stop");
        _turn.Fields.Take("stop_sequences");
        bool isOpen = false;
        foreach (JsonText word in _turn.Request.Stop)
        {
            if (_model.IsClaude && AnthropicParts.IsBlank(word.Escaped))
            {
                _turn.Fields.Drop("stop"); // "each stop sequence must contain non-whitespace"
                continue;
            }

            if (!isOpen)
            {
                isOpen = true;
                json.WriteStartArray("stopSequences"u8);
            }

            word.WriteTo(json);
        }

        if (isOpen)
        {
            json.WriteEndArray();
        }
    }

    private double? TopK()
    {
        bool isTaken = _model.Claude is { } claude ? !claude.IsAdaptiveOnly && !_thinking.IsOn : _model.IsNova || _model.Family is BedrockFamily.Mistral or BedrockFamily.Cohere;
        if (!isTaken || Number("top_k") is not { } count)
        {
            return null;
        }

        _turn.Fields.Take("top_k");
        return count;
    }

    private void WriteTopK(Utf8JsonWriter json, double? count, HashSet<string> written)
    {
        string name = _model.IsNova ? "inferenceConfig" : _model.Family == BedrockFamily.Cohere ? "k" : "top_k";
        if (count is not { } k || written.Contains(name))
        {
            return;
        }

        if (_model.IsNova)
        {
            json.WriteStartObject(name);
            json.WriteNumber("topK"u8, (long)k);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNumber(name, (long)k);
        }
    }

    private double? Number(string name) =>
        double.TryParse(_turn.Fields.Look(name).Span, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;
}
