using LlmProxy.Conversation;

namespace LlmProxy.Providers.Anthropic;

/// <summary>Ids of calls in the letters that the vendor takes (^[a-zA-Z0-9_-]+$), the same for a call and its result; made up where a client gave none.</summary>
internal static class AnthropicToolIds
{
    public static string Of(ChatMessage assistant, int call) =>
        assistant.ToolCalls[call].Id is { IsEmpty: false } id ? Clean(id.ToString()) : Clean($"call_{assistant.Path}_{call}");

    /// <param name="before">The assistant's turn that called.</param>
    /// <param name="result">Which result of the user's turn this is.</param>
    public static string OfResult(ChatMessage tool, List<ChatMessage>? before, int result)
    {
        if (!tool.ToolCallId.IsEmpty)
        {
            return Clean(tool.ToolCallId.ToString());
        }

        // Results of functions from before there were ids go by the name, else by their place.
        string? byPlace = null;
        int place = 0;
        foreach (ChatMessage assistant in before ?? [])
        {
            for (int i = 0; i < assistant.ToolCalls.Count; i++, place++)
            {
                if (!tool.Name.IsEmpty && assistant.ToolCalls[i].Name.Escaped.SequenceEqual(tool.Name.Escaped))
                {
                    return Of(assistant, i);
                }

                byPlace = place == result ? Of(assistant, i) : byPlace;
            }
        }

        return byPlace ?? Clean("call_" + tool.Path);
    }

    private static string Clean(string id)
    {
        foreach (char c in id)
        {
            if (!IsTaken(c))
            {
                return string.Create(id.Length, id, static (span, text) =>
                {
                    for (int i = 0; i < span.Length; i++)
                    {
                        span[i] = IsTaken(text[i]) ? text[i] : '_';
                    }
                });
            }
        }

        return id;
    }

    private static bool IsTaken(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-';
}
