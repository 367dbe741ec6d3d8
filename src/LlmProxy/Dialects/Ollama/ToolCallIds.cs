using LlmProxy.Conversation;

namespace LlmProxy.Dialects.Ollama;

/// <summary>
/// Most clients of Ollama know no ids: they bring back calls without, and results by the tool's name or only in order.
/// Other vendors want every result to name its call.
/// </summary>
internal static class ToolCallIds
{
    public static void Complete(List<ChatMessage> messages)
    {
        var open = new List<ToolCall>();
        foreach (ChatMessage message in messages)
        {
            if (message.Role == ChatRole.Assistant)
            {
                open.Clear();
                NameCalls(message);
                open.AddRange(message.ToolCalls);
            }
            else if (message.Role == ChatRole.Tool)
            {
                NameResult(message, open);
            }
        }
    }

    private static void NameCalls(ChatMessage message)
    {
        for (int i = 0; i < message.ToolCalls.Count; i++)
        {
            ToolCall call = message.ToolCalls[i];
            if (call.Id.IsEmpty)
            {
                // From the place in the conversation, so that the same history is told the same way every time.
                string place = message.Path["messages[".Length..^1];
                message.ToolCalls[i] = new ToolCall { Id = JsonText.Of($"call_{place}_{i}"), Name = call.Name, Arguments = call.Arguments, GoogleSignature = call.GoogleSignature };
            }
        }
    }

    private static void NameResult(ChatMessage result, List<ToolCall> open)
    {
        int answered = !result.ToolCallId.IsEmpty ? open.FindIndex(call => call.Id.Escaped.SequenceEqual(result.ToolCallId.Escaped))
            : !result.Name.IsEmpty ? open.FindIndex(call => call.Name.Escaped.SequenceEqual(result.Name.Escaped))
            : 0;
        if (answered < 0 && result.ToolCallId.IsEmpty)
        {
            answered = 0;
        }

        if (answered >= 0 && answered < open.Count)
        {
            result.ToolCallId = result.ToolCallId.IsEmpty ? open[answered].Id : result.ToolCallId;
            result.Name = result.Name.IsEmpty ? open[answered].Name : result.Name;
            open.RemoveAt(answered);
        }
    }
}
