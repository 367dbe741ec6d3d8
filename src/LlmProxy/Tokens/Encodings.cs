namespace LlmProxy.Tokens;

/// <summary>How a model's tokens are counted: by which encoding, and by how much its own differs from that.</summary>
/// <param name="Pairs">The encoding that is counted with.</param>
/// <param name="Factor">1: the model's own encoding, the count is exact. Else the count is an estimate.</param>
internal readonly record struct ModelEncoding(BytePairs Pairs, double Factor)
{
    public long Scale(long tokens) => Factor == 1 ? tokens : (long)Math.Ceiling(tokens * Factor);
}

/// <summary>Which encoding a model has, by the beginning of its name.</summary>
internal static class Encodings
{
    /// <summary>
    /// OpenAI's models by tiktoken's own table. The others' tokenizers are counted as o200k_base times a factor by family:
    /// from what their makers say of the size of their vocabularies, rounded up, since a reservation that is too small
    /// costs more than one that is too large. The first that fits counts.
    /// </summary>
    private static readonly (string Prefix, bool IsO200k, double Factor)[] Families =
    [
        ("gpt-4o", true, 1), ("gpt-4.", true, 1), ("chatgpt-", true, 1), ("gpt-3", false, 1), ("gpt-4", false, 1), ("text-embedding-", false, 1),
        ("davinci-002", false, 1), ("babbage-002", false, 1), ("gpt-", true, 1), ("o1", true, 1), ("o3", true, 1), ("o4", true, 1), ("codex-", true, 1),
        ("computer-use-", true, 1),

        ("claude", true, 1.25), ("gemini", true, 1.1), ("gemma", true, 1.1), ("command", true, 1.05), ("nova", true, 1.2), ("titan", true, 1.2),
        ("llama-2", true, 1.35), ("llama2", true, 1.35), ("mistral-7b", true, 1.35), ("mixtral", true, 1.35),
        ("llama", true, 1.1), ("meta-llama", true, 1.1), ("mistral", true, 1.15), ("ministral", true, 1.15), ("codestral", true, 1.15), ("magistral", true, 1.15),
        ("devstral", true, 1.15), ("pixtral", true, 1.15), ("qwen", true, 1.1), ("qwq", true, 1.1), ("deepseek", true, 1.1), ("glm", true, 1.1), ("kimi", true, 1.05),
        ("phi-4", true, 1.05), ("phi", true, 1.35), ("grok", true, 1.1),
    ];

    private const double Unknown = 1.2;

    public static ModelEncoding Of(string model)
    {
        ReadOnlySpan<char> name = BareName(model);
        foreach ((string prefix, bool isO200k, double factor) in Families)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                return new ModelEncoding(isO200k ? BytePairs.O200k : BytePairs.Cl100k, factor);
            }
        }

        return new ModelEncoding(BytePairs.O200k, Unknown);
    }

    /// <summary>The encoding of token numbers that a client sends to be embedded: cl100k_base where the model's own is not known.</summary>
    public static BytePairs ForEmbedding(string? model) =>
        model is not null && Of(model) is { Factor: 1 } known ? known.Pairs : BytePairs.Cl100k;

    /// <summary>Without the vendor's name ("openai/", "us.anthropic."), a region and "ft:".</summary>
    public static ReadOnlySpan<char> BareName(string model)
    {
        ReadOnlySpan<char> name = model.AsSpan(model.LastIndexOf('/') + 1);
        name = name.StartsWith("ft:", StringComparison.OrdinalIgnoreCase) ? name[3..] : name;
        foreach (string maker in (ReadOnlySpan<string>)["anthropic.", "amazon.", "meta.", "cohere.", "mistral.", "deepseek.", "qwen.", "openai."])
        {
            int at = name.IndexOf(maker, StringComparison.OrdinalIgnoreCase);
            if (at >= 0)
            {
                return name[(at + maker.Length)..];
            }
        }

        return name;
    }
}
