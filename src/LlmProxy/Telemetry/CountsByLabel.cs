using System.Collections.Concurrent;

namespace LlmProxy.Telemetry;

/// <summary>The counts of one LLM that differ in one more label.</summary>
internal sealed class CountsByLabel<TCount>(string label)
    where TCount : class, new()
{
    private readonly ConcurrentDictionary<string, Entry> _entries = new(concurrencyLevel: 1, capacity: 3, StringComparer.Ordinal);
    private Entry? _latest;

    public IEnumerable<(KeyValuePair<string, object?> Tag, TCount Count)> All => _entries.Values.Select(entry => (entry.Tag, entry.Count));

    public TCount this[string value]
    {
        get
        {
            Entry? latest = _latest; // Nearly always the same as the last time.
            return latest is not null && latest.Value == value ? latest.Count : Find(value).Count;
        }
    }

    private Entry Find(string value) => _latest = _entries.GetOrAdd(value, static (value, label) => new Entry(label, value), label);

    private sealed class Entry(string label, string value)
    {
        public string Value { get; } = value;

        public KeyValuePair<string, object?> Tag { get; } = new(label, value);

        public TCount Count { get; } = new();
    }
}
