using LlmProxy.Configuration.Binding;

namespace LlmProxy.Configuration.Shortcuts;

/// <summary>Reads variables and remembers which ones meant something.</summary>
internal sealed class EnvironmentReader(IReadOnlyDictionary<string, string> environment, Findings findings)
{
    private readonly SortedSet<string> _taken = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Taken => _taken;

    /// <summary>Null when it is absent, empty or still a template's placeholder.</summary>
    public Variable? Find(string name)
    {
        string? value = environment.GetValueOrDefault(name)?.Trim();
        if (string.IsNullOrEmpty(value) || value == AuthBinder.Placeholder)
        {
            return null;
        }

        _taken.Add(name);
        return new Variable(name, value);
    }

    /// <summary>The first of several names for one thing that is set.</summary>
    public Variable? First(IReadOnlyList<string> synonyms)
    {
        Variable? first = null;
        foreach (string name in synonyms)
        {
            if (Find(name) is not { } found)
            {
                continue;
            }

            if (first is null)
            {
                first = found;
            }
            else
            {
                LeaveOut(name, $"{first.Name} is set and means the same");
            }
        }

        return first;
    }

    /// <summary>Says why a variable that is set means nothing here.</summary>
    public void LeaveOut(string name, string because)
    {
        findings.Warn($"{name}: is not used, because {because}");
        _taken.Remove(name);
    }

    public bool HasAny(IEnumerable<string> names) => names.Any(name => Find(name) is not null);

    /// <summary>Null when it is absent or neither true nor false, which is then said.</summary>
    public bool? Bool(IReadOnlyList<string> synonyms)
    {
        if (First(synonyms) is not { } variable)
        {
            return null;
        }

        bool? value = ScalarReader.ReadBool(variable.Value);
        if (value is null)
        {
            findings.Mistake($"{variable.Name}: \"{variable.Value}\" is not true or false");
        }

        return value;
    }
}

/// <summary>A variable that is set, and to what.</summary>
internal sealed record Variable(string Name, string Value);
