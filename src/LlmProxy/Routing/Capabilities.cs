using System.Collections.Frozen;
using LlmProxy.Configuration;
using LlmProxy.Pipeline;

namespace LlmProxy.Routing;

/// <summary>What LLMs can be asked to be able to do, and what tasks stand for.</summary>
internal static class Capabilities
{
    public const string Vision = "vision";
    public const string Tools = "tools";
    public const string Json = "json";
    public const string Code = "code";

    /// <summary>The names that every gateway knows; an operator's LLMs may list more.</summary>
    public static readonly string[] BuiltIn = [Code, "reasoning", "analysis", Vision, Tools, Json, "long_context", "multilingual"];

    /// <summary>What a task needs, unless Routing:Tasks says otherwise.</summary>
    public static readonly FrozenDictionary<string, string> Tasks = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["code_generation"] = Code,
        ["code_review"] = Code,
        ["coding"] = Code,
        ["debugging"] = Code,
        ["analysis"] = "reasoning",
        ["reasoning"] = "reasoning",
        ["math"] = "reasoning",
        ["planning"] = "reasoning",
        ["data_analysis"] = "analysis",
        ["summarization"] = "analysis",
        ["translation"] = "multilingual",
        ["image_analysis"] = Vision,
        ["extraction"] = Json,
        ["function_calling"] = Tools,
        ["agent"] = Tools,
        ["long_document"] = "long_context",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The bits of those that let a list of capabilities say something about tools, pictures and JSON.</summary>
    public static readonly uint Features = Bit(Tools) | Bit(Json) | Bit(Vision);

    /// <summary>0 for a name that only an operator gave.</summary>
    public static uint Bit(string name)
    {
        int at = Array.FindIndex(BuiltIn, known => known.Equals(name, StringComparison.OrdinalIgnoreCase));
        return at < 0 ? 0 : 1u << at;
    }

    public static uint Bits(IEnumerable<string> names)
    {
        uint bits = 0;
        foreach (string name in names)
        {
            bits |= Bit(name);
        }

        return bits;
    }

    /// <summary>What the wishes "capability" and "task" demand together; a name that nobody knows is the caller's mistake.</summary>
    public static IReadOnlyList<string> Demanded(GatewaySnapshot snapshot, Wishes wishes, out GatewayError? mistake)
    {
        mistake = null;
        if (wishes.Capabilities.Count == 0 && wishes.Task is null)
        {
            return [];
        }

        var demanded = new List<string>(wishes.Capabilities);
        foreach (string name in wishes.Capabilities)
        {
            if (Bit(name) == 0 && !snapshot.Models.Capabilities.Contains(name))
            {
                mistake = GatewayError.Invalid("capability", $"Unknown capability \"{Shown(name)}\". Known: {string.Join(", ", snapshot.Models.Capabilities.Order(StringComparer.Ordinal))}.");
                return [];
            }
        }

        if (wishes.Task is { } task)
        {
            if (!snapshot.Models.Tasks.TryGetValue(task, out string? needed))
            {
                mistake = GatewayError.Invalid("task", $"Unknown task \"{Shown(task)}\". Known: {string.Join(", ", snapshot.Models.Tasks.Keys.Order(StringComparer.Ordinal))}.");
                return [];
            }

            if (!demanded.Contains(needed, StringComparer.OrdinalIgnoreCase))
            {
                demanded.Add(needed);
            }
        }

        return demanded;
    }

    private static string Shown(string name) => name.Length <= 64 ? name : name[..64] + "...";
}
