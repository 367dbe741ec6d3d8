using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Routing.Strategies;

namespace LlmProxy.Routing;

/// <summary>How one plan came about: who stood for choice, what took each away, what the others were worth, and the order.</summary>
internal sealed class RouteTrace
{
    private readonly List<Candidate> _candidates = [];
    private readonly Dictionary<RouteTarget, Candidate> _byTarget = new(ReferenceEqualityComparer.Instance);
    private CallNeeds? _needs;
    private string? _strategy;
    private bool _isProbe;
    private IReadOnlyList<RouteTarget> _order = [];

    public void Begin(CallNeeds? needs) => _needs = needs;

    /// <summary>The strategy that the list was made by beforehand, or that orders the parts of a chain.</summary>
    public void MadeBy(IRouteStrategy? strategy) => _strategy = strategy?.Name;

    public void Removed(RouteTarget target, Removal removal, string sentence)
    {
        Candidate candidate = Of(target);
        candidate.Removal = removal;
        candidate.Sentence = sentence;
    }

    public void Ranked(IRouteStrategy strategy, ReadOnlySpan<RouteTarget> ordered, CallNeeds needs)
    {
        _strategy ??= strategy.Name;
        foreach (RouteTarget target in ordered)
        {
            Candidate candidate = Of(target);
            candidate.Score = strategy.IsDrawn ? null : strategy.Rank(target, needs);
            candidate.Parts = [.. strategy.Parts(target, needs)];
        }
    }

    public void Probes() => _isProbe = true;

    public void Ordered(IReadOnlyList<RouteTarget> order)
    {
        _order = order;
        foreach (RouteTarget target in order)
        {
            Of(target).Removal = Removal.None; // A window that was too small at first glance may do for a prompt that is cut.
        }
    }

    /// <param name="json">Where a value may stand.</param>
    /// <param name="all">Also the LLMs that the caller may not know of; for operators.</param>
    public void Write(Utf8JsonWriter json, bool all)
    {
        json.WriteStartObject();
        json.WriteString("strategy", _strategy);
        json.WriteBoolean("probe", _isProbe);
        WriteNeeds(json);
        json.WriteStartArray("candidates");
        foreach (Candidate candidate in _candidates)
        {
            if (all || candidate.Removal.MayBeTold())
            {
                candidate.Write(json);
            }
        }

        json.WriteEndArray();
        json.WriteStartArray("order");
        foreach (RouteTarget target in _order)
        {
            json.WriteStringValue(target.Deployment.Name);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>As one line for the log: everything.</summary>
    public override string ToString()
    {
        var text = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder }))
        {
            Write(json, all: true);
        }

        return Encoding.UTF8.GetString(text.WrittenSpan);
    }

    private void WriteNeeds(Utf8JsonWriter json)
    {
        json.WriteStartObject("needs");
        if (_needs is { } needs)
        {
            json.WriteNumber("prompt_tokens", needs.PromptTokens);
            json.WriteStartArray("capabilities");
            foreach (string demanded in needs.Demanded)
            {
                json.WriteStringValue(demanded);
            }

            json.WriteEndArray();
            json.WriteBoolean("tools", needs.NeedsTools);
            json.WriteBoolean("images", needs.NeedsVision);
            json.WriteBoolean("json_schema", needs.NeedsJson);
            json.WriteNumber("max_latency_ms", needs.MaxLatencyMs);
            if (needs.BudgetUsd is { } budget)
            {
                json.WriteNumber("budget_remaining", budget);
            }
        }

        json.WriteEndObject();
    }

    private Candidate Of(RouteTarget target)
    {
        if (!_byTarget.TryGetValue(target, out Candidate? found))
        {
            found = new Candidate(target);
            _byTarget.Add(target, found);
            _candidates.Add(found);
        }

        return found;
    }

    private sealed class Candidate(RouteTarget target)
    {
        public RouteTarget Target { get; } = target;

        public Removal Removal { get; set; }

        public string? Sentence { get; set; }

        public double? Score { get; set; }

        public List<(string Name, double Value)> Parts { get; set; } = [];

        public void Write(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            json.WriteString("name", Target.Deployment.Name);
            json.WriteString("provider", Target.Deployment.ProviderName);
            json.WriteString("model", Target.Model);
            json.WriteBoolean("local", Target.IsLocal);
            json.WriteNumber("priority", Target.Deployment.Options.Priority);
            if (Removal != Removal.None)
            {
                json.WriteStartObject("removed");
                json.WriteString("reason", Removal.Word());
                json.WriteString("detail", Sentence);
                json.WriteEndObject();
            }

            if (Score is { } score)
            {
                WriteNumber(json, "score", score);
            }

            if (Parts.Count > 0)
            {
                json.WriteStartObject("parts");
                foreach ((string name, double value) in Parts)
                {
                    WriteNumber(json, name, value);
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        /// <summary>What is not known, or endlessly far behind, has no number in JSON.</summary>
        private static void WriteNumber(Utf8JsonWriter json, string name, double value)
        {
            if (double.IsFinite(value) && value < double.MaxValue)
            {
                json.WriteNumber(name, Math.Round(value, 9));
            }
            else
            {
                json.WriteNull(name);
            }
        }
    }
}
