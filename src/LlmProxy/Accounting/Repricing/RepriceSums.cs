namespace LlmProxy.Accounting.Repricing;

/// <summary>What new prices make of the calls of each LLM.</summary>
internal sealed class RepriceSums
{
    private readonly SortedDictionary<(string Llm, string Provider), Line> _priced = [];
    private readonly SortedDictionary<(string Llm, string Provider, string Why), Line> _leftAlone = [];

    public IEnumerable<KeyValuePair<(string Llm, string Provider), Line>> Priced => _priced;

    public IEnumerable<KeyValuePair<(string Llm, string Provider, string Why), Line>> LeftAlone => _leftAlone;

    public long Changed { get; private set; }

    /// <summary>Calls without a cost so far, of which only the answer's part is known.</summary>
    public long Parts { get; private set; }

    public Line Total { get; } = new();

    public void Price(PricedCall call, long cost, bool isPart)
    {
        Changed += cost == call.CostUnits ? 0 : 1;
        Parts += isPart ? 1 : 0;
        Total.Add(call.CostUnits, cost);
        Find(_priced, (call.Llm!, call.Provider!)).Add(call.CostUnits, cost);
    }

    public void Leave(PricedCall call, string why) => Find(_leftAlone, (call.Llm ?? "none", call.Provider ?? "none", why)).Add(call.CostUnits, call.CostUnits);

    private static Line Find<T>(SortedDictionary<T, Line> lines, T key)
        where T : notnull
    {
        if (!lines.TryGetValue(key, out Line? line))
        {
            lines[key] = line = new Line();
        }

        return line;
    }

    /// <summary>The sums of some calls, before and after.</summary>
    internal sealed class Line
    {
        public long Calls { get; private set; }

        public long Changed { get; private set; }

        public decimal Before { get; private set; }

        public decimal After { get; private set; }

        public void Add(long? before, long? after)
        {
            Calls++;
            Changed += before == after ? 0 : 1;
            Before += Money.ToUsd(before ?? 0);
            After += Money.ToUsd(after ?? 0);
        }
    }
}
