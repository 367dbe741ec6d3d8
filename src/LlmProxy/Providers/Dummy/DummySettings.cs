using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json.Nodes;

namespace LlmProxy.Providers.Dummy;

/// <summary>How a dummy LLM behaves: keys of its Config that are its own and never request fields.</summary>
internal sealed record DummySettings
{
    public static readonly FrozenSet<string> Keys =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "delay_ms", "chunk_delay_ms", "words", "failure_rate", "failure_status");

    /// <summary>Before an answer begins.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Between two chunks of a stream.</summary>
    public TimeSpan ChunkDelay { get; init; }

    /// <summary>Length of a text answer; 0: as long as there is something to say.</summary>
    public int Words { get; init; }

    /// <summary>Share of calls that fail, spread evenly: 0.5 is every second one.</summary>
    public double FailureRate { get; init; }

    public int FailureStatus { get; init; } = 500;

    /// <summary>Mistakes go to <paramref name="problems"/>; what could be read still counts.</summary>
    public static DummySettings Read(JsonObject config, ICollection<string>? problems = null)
    {
        double Number(string key, double fallback, double least, double most, bool whole = true)
        {
            string? name = config.Select(field => field.Key).FirstOrDefault(written => written.Equals(key, StringComparison.OrdinalIgnoreCase));
            if (name is null || config[name] is not { } node)
            {
                return fallback;
            }

            // Environment variables bring numbers as text.
            if (node is JsonValue
                && double.TryParse(node.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                && number >= least && number <= most && (!whole || number == Math.Floor(number)))
            {
                return number;
            }

            problems?.Add(string.Create(CultureInfo.InvariantCulture, $"Config.{key} must be a {(whole ? "whole number" : "number")} from {least} to {most}"));
            return fallback;
        }

        return new DummySettings
        {
            Delay = TimeSpan.FromMilliseconds(Number("delay_ms", 0, 0, 3_600_000)),
            ChunkDelay = TimeSpan.FromMilliseconds(Number("chunk_delay_ms", 0, 0, 600_000)),
            Words = (int)Number("words", 0, 0, 1_000_000),
            FailureRate = Number("failure_rate", 0, 0, 1, whole: false),
            FailureStatus = (int)Number("failure_status", 500, 400, 599),
        };
    }
}
