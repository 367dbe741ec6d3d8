using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>
/// The messages in the order and grouping that Google wants: instructions apart, neighbours of one role together, and the
/// results of a turn's calls right behind it, in one content of their own.
/// </summary>
internal sealed class GeminiConversation
{
    private readonly Dictionary<string, JsonText> _names = new(StringComparer.Ordinal);

    private GeminiConversation()
    {
    }

    public List<ChatMessage> System { get; } = [];

    public List<GeminiTurn> Turns { get; } = [];

    public static GeminiConversation Of(ChatTurn turn)
    {
        var conversation = new GeminiConversation();
        foreach (ChatMessage message in turn.Request.Messages)
        {
            conversation.Add(message, turn);
        }

        if (conversation.Turns.Count == 0 && conversation.System.Count > 0)
        {
            // Instructions alone are refused: then they are what is said.
            conversation.Turns.Add(new GeminiTurn(GeminiRole.User, conversation.System));
            conversation.System.Clear();
        }

        return conversation;
    }

    /// <summary>The tool that a result comes from: Google knows results by name.</summary>
    public JsonText NameOf(ChatMessage result, ChatTurn turn) =>
        _names.TryGetValue(result.ToolCallId.ToString(), out JsonText name) ? name
        : !result.Name.IsEmpty ? result.Name
        : throw turn.Refuse(result.Path + ".tool_call_id", "no call of this conversation has that id, and Google wants the tool's name.");

    private void Add(ChatMessage message, ChatTurn turn)
    {
        if (!message.Name.IsEmpty && message.Role != ChatRole.Tool)
        {
            turn.Fields.Drop("messages[].name");
        }

        switch (message.Role)
        {
            case ChatRole.System or ChatRole.Developer:
                System.Add(message);
                break;
            case ChatRole.Tool:
                AddResult(message);
                break;
            case ChatRole.Assistant:
                foreach (ToolCall call in message.ToolCalls)
                {
                    _names[call.Id.ToString()] = call.Name;
                }

                Append(GeminiRole.Model, message);
                break;
            default:
                Append(GeminiRole.User, message);
                break;
        }
    }

    private void Append(GeminiRole role, ChatMessage message)
    {
        if (Turns.Count > 0 && Turns[^1].Role == role)
        {
            Turns[^1].Messages.Add(message);
        }
        else
        {
            Turns.Add(new GeminiTurn(role, [message]));
        }
    }

    private void AddResult(ChatMessage message)
    {
        int at = Turns.FindLastIndex(static turn => turn.Role == GeminiRole.Model) + 1;
        if (at < Turns.Count && Turns[at].Role == GeminiRole.Results)
        {
            Turns[at].Messages.Add(message);
        }
        else
        {
            Turns.Insert(at == 0 ? Turns.Count : at, new GeminiTurn(GeminiRole.Results, [message]));
        }
    }
}

internal enum GeminiRole
{
    User,
    Model,

    /// <summary>Said in the user's name, but apart from what the user says.</summary>
    Results,
}

/// <summary>Messages that become one content.</summary>
internal sealed class GeminiTurn(GeminiRole role, IEnumerable<ChatMessage> messages)
{
    public GeminiRole Role { get; } = role;

    public List<ChatMessage> Messages { get; } = [.. messages];
}
