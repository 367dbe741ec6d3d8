using LlmProxy.Accounting.Ledger;

namespace LlmProxy.Accounting.Reports;

/// <summary>
/// Adds calls up by tag. The ledger keeps a call's tags as one JSON text and hands them over by that text, so that a row
/// whose text is no JSON breaks no report: such a call counts as one without tags.
/// </summary>
internal sealed class TagBook(int most)
{
    /// <summary>Clients may write as many tags as they like: beyond this many no new one is looked at.</summary>
    private const int MostRemembered = 100_000;

    private readonly Dictionary<string, UsageSums> _byTag = new(StringComparer.Ordinal);
    private UsageSums _untagged;

    /// <summary>There were more tags than are shown.</summary>
    public bool IsFull { get; private set; }

    public void Add(string? tags, in UsageSums sums)
    {
        bool isTagged = false;
        foreach (string tag in Read(tags))
        {
            isTagged = true;
            if (_byTag.TryGetValue(tag, out UsageSums before))
            {
                _byTag[tag] = before.Plus(sums);
            }
            else if (_byTag.Count < MostRemembered)
            {
                _byTag[tag] = sums;
            }
            else
            {
                IsFull = true;
            }
        }

        if (!isTagged)
        {
            _untagged = _untagged.Plus(sums);
        }
    }

    public IReadOnlyList<UsageGroup> Groups()
    {
        var groups = _byTag.Select(pair => new UsageGroup(pair.Key, null, pair.Value)).ToList();
        if (_untagged.Calls > 0)
        {
            groups.Add(new UsageGroup(null, null, _untagged));
        }

        groups.Sort(static (a, b) =>
        {
            int order = b.Sums.CostUsd.CompareTo(a.Sums.CostUsd);
            order = order != 0 ? order : b.Sums.Calls.CompareTo(a.Sums.Calls);
            return order != 0 ? order : string.CompareOrdinal(a.Name, b.Name);
        });
        IsFull |= groups.Count > most;
        return groups.Count > most ? groups[..most] : groups;
    }

    private static IEnumerable<string> Read(string? tags)
    {
        try
        {
            return CallLists.ReadTags(tags ?? "").Distinct(StringComparer.Ordinal);
        }
        catch (InvalidOperationException)
        {
            return []; // Half a surrogate pair is no text.
        }
    }
}
