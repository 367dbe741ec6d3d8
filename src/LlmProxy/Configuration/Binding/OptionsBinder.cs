using System.Collections;
using System.Globalization;
using System.Text.Json.Nodes;
using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Sources;

namespace LlmProxy.Configuration.Binding;

/// <summary>Turns the merged tree into options and reports everything that does not fit.</summary>
internal sealed class OptionsBinder(References references, Findings findings)
{
    private readonly AuthBinder _auth = new(references, findings);

    /// <summary>Where each options object was written, for the checks that follow.</summary>
    public Dictionary<object, ConfigObject> Written { get; } = new(ReferenceEqualityComparer.Instance);

    public GatewayOptions Bind(ConfigObject section) => (GatewayOptions)BindObject(section, Shape.Gateway);

    private object BindObject(ConfigObject node, Shape shape)
    {
        object target = Activator.CreateInstance(shape.Type)!;
        Written[target] = node;
        foreach ((string name, ConfigNode value) in node.Members)
        {
            if (!shape.Members.TryGetValue(name, out ShapeMember? member))
            {
                findings.Mistake(value.Origin, $"is unknown{Nearest.Hint(name, shape.Members.Keys)}");
            }
            else if (value is not ConfigNull && Bind(value, member.Shape, member) is { } bound)
            {
                member.Set(target, bound);
            }
        }

        foreach (ShapeMember member in shape.Members.Values)
        {
            bool isWritten = node.Find(member.Name) is { } written and not ConfigNull;
            if (member.IsRequired && !isWritten && member.Get(target) is null or "" or ICollection { Count: 0 })
            {
                findings.Mistake(node.OriginOf(member.Name), "is required");
            }
        }

        return target;
    }

    private object? Bind(ConfigNode node, Shape shape, ShapeMember? member)
    {
        switch (shape.Kind)
        {
            case ShapeKind.Object when node is ConfigObject inner:
                return BindObject(inner, shape);
            case ShapeKind.Auth when node is ConfigObject auth:
                return _auth.Bind(auth);
            case ShapeKind.Map when node is ConfigObject map:
                return BindMap(map, shape);
            case ShapeKind.Json when node is ConfigObject json:
                return ToJson(json);
            case ShapeKind.Chain when node is ConfigObject chain:
                return BindObject(chain, shape);
            case ShapeKind.Chain when node is ConfigList or ConfigText { Kind: TextKind.Untyped }:
                return BindChain(node, shape);
            case ShapeKind.List when Items(node) is { } items:
                return BindList(items, shape, node.Origin, member);
            case ShapeKind.Scalar when node is ConfigText text:
                return BindScalar(text, shape.Type, member);
            default:
                findings.Mistake(node.Origin, shape.Kind switch
                {
                    ShapeKind.List => "must be a list: [ ... ]",
                    ShapeKind.Chain => "must be a list of LLMs: [ ... ], or an object with Llms",
                    ShapeKind.Scalar => "must be a single value, not a list or an object",
                    _ => "must be an object: { ... }",
                });
                return null;
        }
    }

    private ChainOptions? BindChain(ConfigNode node, Shape shape)
    {
        var asObject = new ConfigObject(node.Origin);
        asObject.Members[nameof(ChainOptions.Llms)] = node;
        return (ChainOptions)BindObject(asObject, shape);
    }

    /// <summary>The elements of a list; a variable may hold several names with commas between them.</summary>
    private IEnumerable<ConfigNode>? Items(ConfigNode node)
    {
        if (node is ConfigList list)
        {
            return list.Items;
        }

        if (node is not ConfigText text || (text.Kind != TextKind.Untyped && references.Follow(text.Value).From is null))
        {
            return null;
        }

        return Follow(text) is not { } joined
            ? []
            : joined.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select((part, i) => new ConfigText(text.Origin.Item(i), part, TextKind.Untyped) { IsHidden = joined.IsHidden });
    }

    private IList BindList(IEnumerable<ConfigNode> items, Shape shape, Origin origin, ShapeMember? member)
    {
        var list = (IList)Activator.CreateInstance(shape.Type)!;
        foreach (ConfigNode item in items)
        {
            if (item is ConfigNull)
            {
                findings.Mistake(item.Origin, "is null");
            }
            else if (Bind(item, shape.Element!, null) is { } bound)
            {
                list.Add(bound);
            }
        }

        if (member?.LeastLength > list.Count)
        {
            findings.Mistake(origin, "must name at least one");
        }

        return list;
    }

    private IDictionary BindMap(ConfigObject map, Shape shape)
    {
        var bound = (IDictionary)Activator.CreateInstance(shape.Type, StringComparer.OrdinalIgnoreCase)!;
        foreach ((string name, ConfigNode value) in map.Members)
        {
            if (value is not ConfigNull && Bind(value, shape.Element!, null) is { } item)
            {
                bound[name] = item;
            }
        }

        return bound;
    }

    private object? BindScalar(ConfigText text, Type type, ShapeMember? member)
    {
        if (Follow(text, mayBeMissing: member?.Name == nameof(AuthOptions.AdminKey)) is not { } followed)
        {
            return null;
        }

        object? value = ScalarReader.Read(followed, type, out string? problem);
        if (problem is null && value is not null && member is not null)
        {
            problem = OutOfRange(value, followed, member);
        }

        if (problem is not null)
        {
            findings.Mistake(text.Origin, problem);
            return null;
        }

        bool isEmpty = value is null or "" || (value is Secret secret && secret.Reveal().Length == 0);
        if (member is { IsRequired: true } && isEmpty)
        {
            findings.Mistake(text.Origin, "is empty");
        }

        return value;
    }

    private static string? OutOfRange(object value, ConfigText text, ShapeMember member)
    {
        if (value is not (int or long or double or decimal))
        {
            return null;
        }

        double number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
        return number < member.Least ? $"{text.Shown} is below the least that is allowed, {member.Least:0.##}"
            : number > member.Most ? $"{text.Shown} is above the most that is allowed, {member.Most:0.##}"
            : null;
    }

    /// <summary>The text that stands behind a reference; null when it is not there, which is then said.</summary>
    private ConfigText? Follow(ConfigText text, bool mayBeMissing = false)
    {
        Resolved resolved = references.Follow(text.Value);
        if (resolved.Problem is { } problem)
        {
            if (mayBeMissing && References.IsVariable(text.Value))
            {
                findings.Warn(text.Origin, $"{problem}: there is no such key");
            }
            else
            {
                findings.Mistake(text.Origin, problem);
            }

            return null;
        }

        return resolved.From is null ? text : new ConfigText(text.Origin, resolved.Value!, TextKind.Untyped) { IsHidden = true };
    }

    private JsonNode? ToJson(ConfigNode node)
    {
        switch (node)
        {
            case ConfigObject inner:
                var json = new JsonObject();
                foreach ((string name, ConfigNode value) in inner.Members)
                {
                    json[name] = ToJson(value);
                }

                return json;
            case ConfigList list:
                return new JsonArray([.. list.Items.Select(ToJson)]);
            case ConfigText text when Follow(text) is { } followed:
                bool isTyped = followed.Kind is TextKind.Number or TextKind.Bool || (followed.Kind == TextKind.Untyped && LooksTyped(followed.Value));
                return isTyped ? JsonNode.Parse(followed.Value) : JsonValue.Create(followed.Value);
            default:
                return null;
        }
    }

    /// <summary>A number or boolean that came as text is the number or boolean it looks like.</summary>
    private static bool LooksTyped(string text)
    {
        if (text is "true" or "false" or "null")
        {
            return true;
        }

        ReadOnlySpan<char> digits = text.AsSpan().TrimStart('-');
        bool isPlainNumber = digits.Length > 0 && char.IsAsciiDigit(digits[0]) && char.IsAsciiDigit(digits[^1]) && digits is not ['0', >= '0' and <= '9', ..];
        return isPlainNumber && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
    }
}
