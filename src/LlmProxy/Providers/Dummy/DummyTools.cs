using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>A function the caller offers.</summary>
internal sealed record DummyTool(string Name, JsonElement? Parameters);

/// <summary>A call of one, as the dummy makes it.</summary>
internal sealed record DummyToolCall(string Id, string Name, string Arguments);

/// <summary>Whether tools are called, and which: as asked for, or as the user's words name them.</summary>
internal static class DummyTools
{
    private static readonly string[] Requests = ["call a tool", "call the tool", "call your tool", "use a tool", "use the tool", "use your tool"];

    /// <summary>
    /// <paramref name="choice"/> is tool_choice as it was written; <paramref name="chosen"/> the name in it, if there is one.
    /// </summary>
    public static IReadOnlyList<DummyToolCall> Choose(IReadOnlyList<DummyTool> tools, JsonElement? choice, string? chosen, bool mayBeParallel, string asked, bool hasResult)
    {
        string mode = choice is { ValueKind: JsonValueKind.String } word ? word.GetString()! : chosen is not null ? "named" : "auto";
        if (mode is not ("auto" or "none" or "required" or "named"))
        {
            throw new DummyRefusal(400, $"Invalid value: '{mode}'. Supported values are: 'none', 'auto', and 'required'.", "tool_choice", "invalid_value");
        }

        if (tools.Count == 0)
        {
            return mode is "required" or "named"
                ? throw new DummyRefusal(400, "'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")
                : [];
        }

        if (mode == "named")
        {
            return [Call(tools.FirstOrDefault(t => t.Name == chosen) ?? throw new DummyRefusal(400, $"Tool choice '{chosen}' not found in 'tools' parameter.", "tool_choice"))];
        }

        // An answer to an answered call would ask again for ever: agents' loops have to end.
        if (mode == "none" || (mode == "auto" && hasResult))
        {
            return [];
        }

        var named = tools.Where(t => Names(asked, t.Name)).ToList();
        if (named.Count == 0 && (mode == "required" || Requests.Any(r => asked.Contains(r, StringComparison.OrdinalIgnoreCase))))
        {
            named.Add(tools[0]);
        }

        return [.. named.Take(mayBeParallel ? int.MaxValue : 1).Select(Call)];
    }

    private static DummyToolCall Call(DummyTool tool) =>
        new(DummyCall.NewId("call_"), tool.Name, tool.Parameters is { } parameters ? DummySchema.Fill(parameters) : "{}");

    /// <summary>As a word of its own: "get" must not answer to "get_weather".</summary>
    private static bool Names(string text, string name)
    {
        for (int at = text.IndexOf(name, StringComparison.OrdinalIgnoreCase); at >= 0; at = text.IndexOf(name, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            int end = at + name.Length;
            if ((at == 0 || !IsWord(text[at - 1])) && (end == text.Length || !IsWord(text[end])))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsWord(char c) => char.IsLetterOrDigit(c) || c == '_';
}
