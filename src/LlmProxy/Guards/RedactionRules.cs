using System.Collections.Frozen;
using LlmProxy.Configuration.Options;
using LlmProxy.Guards.Detectors;

namespace LlmProxy.Guards;

internal enum RedactionAction
{
    Mask,
    Block,
    Log,
}

internal sealed record RedactionRule(Detector Detector, RedactionAction Action);

/// <summary>Guards:Redact as the gateway runs it: compiled once per configuration.</summary>
internal sealed class RedactionRules
{
    public static readonly RedactionRules None = new([]);

    private static readonly FrozenDictionary<string, Detector> BuiltIn = new Detector[]
    {
        new KeyDetector(), new TokenDetector(), new PrivateKeyDetector(), new EmailDetector(), new CardDetector(), new IbanDetector(), new PhoneDetector(), new IpDetector(), new SsnDetector(),
    }.ToFrozenDictionary(detector => detector.Name, StringComparer.OrdinalIgnoreCase);

    private RedactionRules(List<RedactionRule> rules)
    {
        Masks = rules.Exists(rule => rule.Action == RedactionAction.Mask);
        Protects = rules.Exists(rule => rule.Action != RedactionAction.Log);
        if (Masks)
        {
            rules.Add(new RedactionRule(Literals = new LiteralDetector(rules.Select(rule => rule.Detector.Label)), RedactionAction.Mask));
        }

        All = [.. rules];
    }

    public static IEnumerable<string> Names => BuiltIn.Keys.Order(StringComparer.Ordinal);

    public RedactionRule[] All { get; }

    public bool IsEmpty => All.Length == 0;

    public bool Masks { get; }

    /// <summary>Something is kept from going out, masked or blocked.</summary>
    public bool Protects { get; }

    public Detector? Literals { get; }

    /// <summary>Mistakes are told one by one; what is sound is compiled all the same.</summary>
    public static RedactionRules Compile(GuardsOptions options, Action<string>? mistake = null)
    {
        var own = new Dictionary<string, Detector>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, string pattern) in options.Patterns)
        {
            string key = $"LlmProxy:Guards:Patterns:{name}";
            if (name.Length > 40 || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-') || !name.Any(char.IsAsciiLetter))
            {
                mistake?.Invoke($"{key}: a pattern's name is at most 40 letters, digits, \"_\" and \"-\"");
            }
            else if (BuiltIn.ContainsKey(name))
            {
                mistake?.Invoke($"{key}: the gateway has a detector of that name; choose another");
            }
            else if (PatternDetector.Compile(pattern, out string? problem) is { } regex)
            {
                own[name] = new PatternDetector(name, regex);
            }
            else
            {
                mistake?.Invoke($"{key}: {problem}");
            }
        }

        var rules = new List<RedactionRule>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string entry in options.Redact)
        {
            int colon = entry.IndexOf(':', StringComparison.Ordinal);
            string name = (colon < 0 ? entry : entry[..colon]).Trim();
            string action = colon < 0 ? "mask" : entry[(colon + 1)..].Trim();
            bool isAction = Enum.TryParse(action, ignoreCase: true, out RedactionAction what) && Enum.IsDefined(what) && !char.IsAsciiDigit(action[0]);
            if (!isAction)
            {
                mistake?.Invoke($"LlmProxy:Guards:Redact: \"{entry}\": behind the colon stands what is done: mask, block or log");
            }

            if (!own.TryGetValue(name, out Detector? detector) && !BuiltIn.TryGetValue(name, out detector))
            {
                if (!options.Patterns.ContainsKey(name))
                {
                    mistake?.Invoke($"LlmProxy:Guards:Redact: there is no detector \"{name}\"; there are {string.Join(", ", Names)}, and those of Guards:Patterns");
                }

                continue;
            }

            if (!seen.Add(name))
            {
                mistake?.Invoke($"LlmProxy:Guards:Redact: \"{name}\" is named twice");
            }
            else if (isAction)
            {
                rules.Add(new RedactionRule(detector, what));
            }
        }

        return rules.Count == 0 ? None : new RedactionRules(rules);
    }
}
