namespace LlmProxy.Providers.Anthropic;

/// <summary>
/// What one family of models takes, known by its name. https://platform.claude.com/docs/en/about-claude/models/overview,
/// /build-with-claude/adaptive-thinking, /build-with-claude/structured-outputs, /about-claude/models/migration-guide
/// </summary>
internal sealed record ClaudeModel(int MaxOutput)
{
    private static readonly ClaudeModel Newest = new(128_000)
    {
        Thinks = true,
        IsAdaptive = true,
        IsAdaptiveOnly = true,
        HasSchemas = true,
        HasXHigh = true,
        TakesOneSampler = true,
    };

    private static readonly ClaudeModel Named46 = Newest with { IsAdaptiveOnly = false, HasXHigh = false };

    private static readonly ClaudeModel Named45 = new(64_000) { Thinks = true, HasSchemas = true, TakesOneSampler = true, TakesBeginning = true };

    /// <summary>The first fragment that a name holds decides. Dots and @ of other spellings count as hyphens.</summary>
    private static readonly (string Fragment, ClaudeModel Model)[] Families =
    [
        ("claude-fable", Newest with { AlwaysThinks = true }),
        ("claude-mythos", Newest with { AlwaysThinks = true }),
        ("claude-opus-5", Newest with { ThinksUnasked = true }),
        ("claude-sonnet-5", Newest with { ThinksUnasked = true }),
        ("claude-opus-4-6", Named46),
        ("claude-sonnet-4-6", Named46),
        ("claude-opus-4-7", Newest),
        ("claude-opus-4-8", Newest),
        ("claude-opus-4-5", Named45),
        ("claude-sonnet-4-5", Named45),
        ("claude-haiku-4-5", Named45),
        ("claude-opus-4-1", Named45 with { MaxOutput = 32_000 }),
        ("claude-sonnet-4", new(64_000) { Thinks = true, TakesBeginning = true }),
        ("claude-opus-4", new(32_000) { Thinks = true, TakesBeginning = true }),
        ("claude-3-7", new(64_000) { Thinks = true, TakesBeginning = true }),
        ("claude-3-5", new(8_192) { TakesBeginning = true }),
        ("claude-3", new(4_096) { TakesBeginning = true }),
        ("claude-2", new(4_096) { TakesBeginning = true }),
        ("claude-v2", new(4_096) { TakesBeginning = true }),
        ("claude-instant", new(4_096) { TakesBeginning = true }),
        ("claude-", Newest with { ThinksUnasked = true, MaxOutput = 64_000 }),
    ];

    /// <summary>Others' models behind Anthropic's dialect: nothing is known, so little is presumed.</summary>
    private static readonly ClaudeModel Foreign = new(8_192) { Thinks = true };

    public bool Thinks { get; init; }

    /// <summary>Decides for itself how long to think (thinking.type "adaptive"), guided by output_config.effort.</summary>
    public bool IsAdaptive { get; init; }

    /// <summary>Refuses a thinking budget, and with it temperature, top_p and top_k.</summary>
    public bool IsAdaptiveOnly { get; init; }

    /// <summary>Thinks without being asked; must be told when it shall not.</summary>
    public bool ThinksUnasked { get; init; }

    /// <summary>Cannot be kept from thinking.</summary>
    public bool AlwaysThinks { get; init; }

    /// <summary>Knows output_config.format and strict tools.</summary>
    public bool HasSchemas { get; init; }

    public bool HasXHigh { get; init; }

    /// <summary>
    /// Goes on from an assistant's message that stands last. From 4.6 on that is a 400: "This model does not support
    /// assistant message prefill."
    /// </summary>
    public bool TakesBeginning { get; init; }

    /// <summary>Refuses temperature and top_p in one request.</summary>
    public bool TakesOneSampler { get; init; }

    public static ClaudeModel Of(string name)
    {
        string plain = name.ToLowerInvariant().Replace('.', '-').Replace('@', '-');
        foreach ((string fragment, ClaudeModel model) in Families)
        {
            if (plain.Contains(fragment, StringComparison.Ordinal))
            {
                return model;
            }
        }

        return Foreign;
    }
}
