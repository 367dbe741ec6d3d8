using LlmProxy.Configuration.Binding;

namespace LlmProxy.Configuration.Sources;

/// <summary>
/// Lays a later source over an earlier one: objects member by member, LLMs, keys and workspaces by name (a later one
/// replaces the earlier one whole, so that nobody inherits another's address or key), everything else whole.
/// </summary>
internal static class TreeMerge
{
    public static ConfigObject Merge(IEnumerable<ConfigObject> sources)
    {
        var merged = new ConfigObject(new Origin("LlmProxy"));
        foreach (ConfigObject source in sources)
        {
            LayOver(merged, source, Shape.Gateway);
        }

        return merged;
    }

    private static void LayOver(ConfigObject target, ConfigObject source, Shape shape)
    {
        foreach ((string name, ConfigNode value) in source.Members)
        {
            Shape? below = shape.Kind == ShapeKind.Map ? shape.Element : shape.Members.GetValueOrDefault(name)?.Shape;
            target.Members[name] = Combine(target.Find(name), value, below);
        }
    }

    private static ConfigNode Combine(ConfigNode? earlier, ConfigNode later, Shape? shape)
    {
        if (later is ConfigObject laterObject && shape?.Kind is ShapeKind.Object or ShapeKind.Map)
        {
            // A copy also where nothing was before: the sources' own trees stay as they were read.
            var both = new ConfigObject(later.Origin);
            if (earlier is ConfigObject earlierObject)
            {
                LayOver(both, earlierObject, shape);
            }

            LayOver(both, laterObject, shape);
            return both;
        }

        return later is ConfigList laterList && earlier is ConfigList earlierList && shape is { MergesByName: true }
            ? ByName(earlierList, laterList)
            : later;
    }

    private static ConfigList ByName(ConfigList earlier, ConfigList later)
    {
        var both = new ConfigList(later.Origin);
        both.Items.AddRange(earlier.Items);
        var places = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < earlier.Items.Count; i++)
        {
            if (NameOf(earlier.Items[i]) is { } name)
            {
                places.TryAdd(name, i);
            }
        }

        foreach (ConfigNode item in later.Items)
        {
            if (NameOf(item) is { } name && places.TryGetValue(name, out int place))
            {
                both.Items[place] = item;
            }
            else
            {
                both.Items.Add(item);
            }
        }

        return both;
    }

    /// <summary>Two elements of one name in the same source: nobody can know which was meant.</summary>
    public static void FindDuplicates(ConfigObject source, Findings findings)
    {
        foreach ((string member, ConfigNode value) in source.Members)
        {
            if (value is not ConfigList list || Shape.Gateway.Members.GetValueOrDefault(member)?.Shape is not { MergesByName: true })
            {
                continue;
            }

            var first = new Dictionary<string, ConfigNode>(StringComparer.OrdinalIgnoreCase);
            foreach (ConfigNode item in list.Items)
            {
                if (NameOf(item) is { } name && !first.TryAdd(name, item))
                {
                    findings.Mistake(((ConfigObject)item).OriginOf("Name"), $"\"{name}\" is also the name of {first[name].Origin.Path}");
                }
            }
        }
    }

    private static string? NameOf(ConfigNode item) => (item as ConfigObject)?.Text("Name");
}
