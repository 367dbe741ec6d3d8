using System.Text.RegularExpressions;

namespace LlmProxy.Routing.Registry;

/// <summary>
/// The names under which a vendor's model may stand in the file, the longest first: as written, without the address
/// around it, then without dates, tags and kinds of packing at its end.
/// </summary>
internal static partial class ModelName
{
    /// <summary>
    /// What clients name at a wildcard is theirs to choose: nothing longer is looked up, and no more endings are taken off,
    /// so that a look-up's work is bounded without a time-out, which on a busy machine strikes at random.
    /// </summary>
    private const int LongestName = 200;
    private const int MostEndings = 8;

    private static readonly string[] Hosted = ["openai", "azure", "anthropic", "gemini", "mistral"];

    private static readonly string[] Makers =
        ["anthropic", "amazon", "meta", "mistral", "deepseek", "qwen", "openai", "google", "cohere", "ai21", "nvidia", "minimax", "moonshot", "moonshotai", "zai", "writer", "xai"];

    private static readonly string[] Regions = ["us", "eu", "apac", "global", "us-gov", "jp", "au", "ca", "sa", "af", "me", "il"];

    /// <summary>Names under which a price may stand: dates and moving tags may be missing, nothing else.</summary>
    public static IEnumerable<string> ForPrices(string provider, string model) =>
        Bare(provider, model).SelectMany(name => Shortened(name, DateOrTag()));

    /// <summary>Names under which a model's own facts may stand; open ones also come packed and tuned in many ways.</summary>
    public static IEnumerable<string> ForFacts(string provider, string model) =>
        Bare(provider, model).SelectMany(name => Shortened(name, Hosted.Contains(provider, StringComparer.OrdinalIgnoreCase) ? DateOrTag() : Packing()));

    /// <summary>Separators differ from vendor to vendor and mean nothing: "llama3.1:8b" is "Llama-3.1-8B".</summary>
    public static string Fold(string name) =>
        string.Create(name.Length - name.Count(IsSeparator), name, static (letters, name) =>
        {
            int at = 0;
            foreach (char c in name)
            {
                if (!IsSeparator(c))
                {
                    letters[at++] = char.ToLowerInvariant(c);
                }
            }
        });

    private static bool IsSeparator(char c) => c is '-' or '_' or ':' or '.' or '@' or ' ';

    private static IEnumerable<string> Bare(string provider, string model)
    {
        if (model.Length > LongestName)
        {
            yield break;
        }

        string name = model.Trim().ToLowerInvariant();
        yield return name;
        int slash = name.LastIndexOf('/');
        if (slash >= 0)
        {
            name = name[(slash + 1)..];
            yield return name;
        }

        if (provider.Equals("bedrock", StringComparison.OrdinalIgnoreCase))
        {
            foreach (string[] heads in (string[][])[Regions, Makers])
            {
                int dot = name.IndexOf('.', StringComparison.Ordinal);
                if (dot > 0 && heads.Contains(name[..dot]))
                {
                    name = name[(dot + 1)..];
                    yield return name;
                }
            }
        }

        if (provider.Equals("fireworks", StringComparison.OrdinalIgnoreCase))
        {
            yield return PointByLetter().Replace(name, "$1.$2");
        }

        if (name.StartsWith("meta-llama", StringComparison.Ordinal))
        {
            yield return name["meta-".Length..];
        }
    }

    private static IEnumerable<string> Shortened(string name, Regex ending)
    {
        yield return name;
        for (int i = 0; i < MostEndings && ending.Match(name) is { Success: true, Index: > 0 } end; i++)
        {
            name = name[..end.Index];
            yield return name;
        }
    }

    [GeneratedRegex(@"[-_:@](latest|default|preview|stable|\d{8}|\d{4}-\d{2}-\d{2}|\d{2}-\d{2}|\d{2}-\d{4}|\d{4}|00\d|v\d+(:\d+)*|v\d+:\d+:\w+)$", RegexOptions.CultureInvariant)]
    private static partial Regex DateOrTag();

    [GeneratedRegex(
        @"[-_:@.](latest|default|preview|exp|stable|\d{8}|\d{4}-\d{2}-\d{2}|\d{2}-\d{2}|\d{2}-\d{4}|\d{4}|00\d|v\d+(\.\d+)?(:\d+)*|v\d+:\d+:\w+|1:0|instruct|chat|it|hf|text|cloud|maas|turbo|lite|tput|thinking|versatile|instant|fp\d+|bf16|nvfp4|mxfp\d|awq|gptq|gguf|mlx|exl\d|int[48]|[48]bit|i?q\d\w*|qat|dynamic|quantized\.?\w*|w\da\d+|unsloth|bnb)$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Packing();

    /// <summary>Fireworks writes a point as a letter: "deepseek-v3p1".</summary>
    [GeneratedRegex(@"(\d)p(\d)", RegexOptions.CultureInvariant)]
    private static partial Regex PointByLetter();
}
