using LlmProxy.Providers.Anthropic;

namespace LlmProxy.Providers.Bedrock;

internal enum BedrockFamily
{
    /// <summary>Known by an opaque ARN, or new: presumed to take what most take.</summary>
    Unknown,
    Claude,
    Nova,

    /// <summary>Amazon's second Nova generation, which can reason.</summary>
    Nova2,
    Mistral,
    Llama,
    GptOss,
    Cohere,

    /// <summary>Others whose makers publish the weights: Qwen, DeepSeek, Gemma, Kimi, MiniMax, Nemotron, GLM.</summary>
    OpenWeight,
    Titan,
}

/// <summary>
/// What one model takes in Converse, known by its id ("us.anthropic.claude-…", an ARN that ends in it).
/// https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
/// </summary>
internal sealed record BedrockModel(BedrockFamily Family, ClaudeModel? Claude)
{
    private static readonly (string Fragment, BedrockFamily Family)[] Families =
    [
        ("anthropic.claude", BedrockFamily.Claude),
        ("amazon.nova-2", BedrockFamily.Nova2),
        ("amazon.nova", BedrockFamily.Nova),
        ("amazon.titan", BedrockFamily.Titan),
        ("openai.gpt-oss", BedrockFamily.GptOss),
        ("mistral.", BedrockFamily.Mistral),
        ("meta.llama", BedrockFamily.Llama),
        ("cohere.", BedrockFamily.Cohere),
        ("qwen.", BedrockFamily.OpenWeight),
        ("deepseek.", BedrockFamily.OpenWeight),
        ("google.gemma", BedrockFamily.OpenWeight),
        ("moonshot", BedrockFamily.OpenWeight),
        ("minimax.", BedrockFamily.OpenWeight),
        ("nvidia.", BedrockFamily.OpenWeight),
        ("zai.", BedrockFamily.OpenWeight),
        ("claude", BedrockFamily.Claude), // An alias that somebody gave a profile.
    ];

    public bool IsClaude => Claude is not null;

    public bool IsNova => Family is BedrockFamily.Nova or BedrockFamily.Nova2;

    /// <summary>https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html</summary>
    public bool HasCachePoints => IsClaude || IsNova || Family == BedrockFamily.Unknown;

    /// <summary>Nova takes cache points in system and messages, not among tools.</summary>
    public bool HasToolCachePoints => IsClaude || Family == BedrockFamily.Unknown;

    /// <summary>https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html</summary>
    public bool CanForceTools => Family is not (BedrockFamily.Llama or BedrockFamily.Cohere or BedrockFamily.Titan) && Claude is not { AlwaysThinks: true };

    /// <summary>Whether the mark of a failed tool, and pictures in results, are read. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolResultBlock.html</summary>
    public bool ReadsRichResults => IsClaude || IsNova || Family == BedrockFamily.Unknown;

    /// <summary>
    /// outputConfig and strict tools; an older Claude refuses both. Opus 4.1 has them at Anthropic, not here.
    /// https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html
    /// </summary>
    public bool HasSchemas { get; private init; }

    public static BedrockModel Of(string id)
    {
        BedrockFamily family = BedrockFamily.Unknown;
        foreach ((string fragment, BedrockFamily named) in Families)
        {
            if (id.Contains(fragment, StringComparison.OrdinalIgnoreCase))
            {
                family = named;
                break;
            }
        }

        ClaudeModel? claude = family == BedrockFamily.Claude ? ClaudeModel.Of(id) : null;
        return new BedrockModel(family, claude)
        {
            HasSchemas = claude is { HasSchemas: true } && !id.Contains("opus-4-1", StringComparison.OrdinalIgnoreCase),
        };
    }
}
