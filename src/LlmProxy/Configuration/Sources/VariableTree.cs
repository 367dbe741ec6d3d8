using System.Globalization;
using LlmProxy.Configuration.Binding;

namespace LlmProxy.Configuration.Sources;

/// <summary>
/// Builds a tree out of single settings such as LlmProxy__Llms__0__Name=x. What the names mean (an element's number, a
/// member) is only known beside the options' shape, so the tree is made in one step when all of them have been collected.
/// </summary>
internal sealed class VariableTree(Findings findings)
{
    private const string Section = "LlmProxy";

    private readonly Branch _root = new("");

    /// <summary>The settings taken, as they were written.</summary>
    public List<string> Taken { get; } = [];

    /// <summary>Whether a setting's name is below the gateway's section.</summary>
    public static bool IsOurs(string name) =>
        name.StartsWith(Section, StringComparison.OrdinalIgnoreCase) && name.AsSpan(Section.Length) is [':', ..] or ['_', '_', ..];

    public void Add(string name, string value)
    {
        string[] path = name.Replace("__", ":", StringComparison.Ordinal).Split(':');
        Taken.Add(name);
        Branch branch = _root;
        foreach (string part in path.AsSpan(1))
        {
            if (part.Length == 0)
            {
                findings.Mistake($"{name}: a part of the name is empty");
                return;
            }

            branch = branch.Child(part, name);
        }

        if (branch.Value is not null && !branch.Name.Equals(name, StringComparison.Ordinal))
        {
            findings.Mistake($"{name}: is the same setting as {branch.Name}");
        }

        branch.Value = value;
        branch.Name = name;
    }

    public ConfigObject? Build() =>
        _root.Children.Count == 0 ? null : (ConfigObject)Node(_root, Shape.Gateway, new Origin(Section));

    private ConfigNode Node(Branch branch, Shape? shape, Origin origin)
    {
        origin = origin with { Source = branch.Name };
        if (branch.Value is { } value)
        {
            if (branch.Children.Count > 0)
            {
                findings.Mistake(origin, "has a value of its own and parts as well");
            }

            return Text(value, shape, origin);
        }

        bool mayBeList = shape is null or { Kind: ShapeKind.List or ShapeKind.Chain or ShapeKind.Json };
        if (mayBeList && branch.Children.Keys.All(IsNumber))
        {
            var list = new ConfigList(origin);
            foreach ((string number, Branch child) in branch.Children.OrderBy(child => int.Parse(child.Key, CultureInfo.InvariantCulture)))
            {
                Shape? element = shape?.Kind == ShapeKind.Json ? shape : shape?.Element;
                list.Items.Add(Node(child, element, origin.Item(int.Parse(number, CultureInfo.InvariantCulture))));
            }

            return list;
        }

        var node = new ConfigObject(origin, shape?.Kind == ShapeKind.Json);
        foreach ((string name, Branch child) in branch.Children)
        {
            Shape? below = shape?.Kind is ShapeKind.Map or ShapeKind.Json
                ? shape.Element ?? shape
                : shape?.Members.GetValueOrDefault(name)?.Shape;
            node.Members[name] = Node(child, below, origin.Member(name));
        }

        return node;
    }

    /// <summary>A whole list or object may also be written as JSON.</summary>
    private ConfigNode Text(string value, Shape? shape, Origin origin)
    {
        bool isJson = shape is { Kind: not ShapeKind.Scalar } && value.AsSpan().TrimStart() is ['{' or '[', ..];
        return isJson
            ? JsonTree.Parse(value, origin, findings, shape!.Kind == ShapeKind.Json) ?? new ConfigNull(origin)
            : new ConfigText(origin, value, TextKind.Untyped);
    }

    private static bool IsNumber(string part) => part.Length < 9 && part.All(char.IsAsciiDigit);

    private sealed class Branch(string name)
    {
        /// <summary>The setting that brought it, for messages.</summary>
        public string Name { get; set; } = name;

        public string? Value { get; set; }

        public OrderedDictionary<string, Branch> Children { get; } = new(StringComparer.OrdinalIgnoreCase);

        public Branch Child(string part, string setting)
        {
            if (!Children.TryGetValue(part, out Branch? child))
            {
                child = new Branch(setting);
                Children.Add(part, child);
            }

            return child;
        }
    }
}
