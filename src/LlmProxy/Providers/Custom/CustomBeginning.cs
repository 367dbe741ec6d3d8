using System.Collections.Frozen;
using System.Text.Json.Nodes;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Providers.Custom;

/// <summary>
/// Whether a server of which only the address is known goes on from the beginning of an answer: its LLM's Config says so.
/// What it says is a setting of ours and never a field of a request.
/// </summary>
internal static class CustomBeginning
{
    public const string Key = "continue_prefix";

    public static readonly FrozenSet<string> Keys = FrozenSet.Create(StringComparer.OrdinalIgnoreCase, Key);

    private static readonly FrozenDictionary<string, BeginningHabit> Words = new Dictionary<string, BeginningHabit>
    {
        ["last_message"] = BeginningHabit.LastMessage,
        ["continue_final_message"] = BeginningHabit.Continued,
        ["prefix"] = BeginningHabit.Prefix,
        ["off"] = BeginningHabit.None,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static string? Problem(JsonObject config) =>
        Written(config) is { } word && !Words.ContainsKey(word) ? $"Config.{Key} must be one of {string.Join(", ", Words.Keys)}" : null;

    public static BeginningHabit Of(JsonObject config) => Written(config) is { } word ? Words.GetValueOrDefault(word) : BeginningHabit.None;

    private static string? Written(JsonObject config)
    {
        foreach ((string name, JsonNode? value) in config)
        {
            if (name.Equals(Key, StringComparison.OrdinalIgnoreCase))
            {
                return value?.ToString();
            }
        }

        return null;
    }
}
