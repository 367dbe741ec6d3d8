using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Anthropic;

/// <summary>
/// A conversation as Anthropic's alternating turns. All system and developer messages become the system prompt, in their
/// order, wherever they stood: only there do they keep their authority with every model. Messages of one side in a row
/// become one; the results of parallel calls stand first in the user's turn, as the vendor wants them.
/// </summary>
internal sealed class AnthropicMessages
{
    private static readonly byte[] Placeholder = "..."u8.ToArray();

    private readonly ChatTurn _turn;
    private readonly List<ChatMessage> _system = [];
    private readonly List<List<ChatMessage>> _turns = [];

    public AnthropicMessages(ChatTurn turn)
    {
        _turn = turn;
        foreach (ChatMessage message in turn.Request.Messages)
        {
            NoteUnsaid(message);
            if (message.Role is ChatRole.System or ChatRole.Developer)
            {
                _system.Add(message);
            }
            else if (HasBlocks(message))
            {
                bool goesOn = _turns.Count > 0 && IsAssistant(_turns[^1]) == (message.Role == ChatRole.Assistant);
                if (goesOn)
                {
                    _turns[^1].Add(message);
                }
                else
                {
                    _turns.Add([message]);
                }
            }
        }

        if (_turns.Count == 0 && _system.Count > 0)
        {
            // Instructions alone are a question to OpenAI's models; the vendor wants a user who asks it.
            _turns.Add([_system[^1]]);
            _system.RemoveAt(_system.Count - 1);
        }
    }

    /// <param name="instruction">Said last; empty: nothing.</param>
    public void WriteSystem(Utf8JsonWriter json, string instruction)
    {
        bool isOpen = false;
        foreach (ChatMessage message in _system)
        {
            for (int i = 0; i < message.Parts.Count; i++)
            {
                ChatPart part = message.Parts[i];
                if (part.Kind is not (PartKind.Text or PartKind.Foreign))
                {
                    throw _turn.Refuse(part.Path, "its system prompt holds only text.");
                }

                if (AnthropicParts.IsWorthSending(part))
                {
                    Open(json, ref isOpen);
                    AnthropicParts.Write(json, _turn, part, MarkOf(message, message.Parts, i));
                }
            }
        }

        if (instruction.Length > 0)
        {
            Open(json, ref isOpen);
            AnthropicParts.WriteText(json, JsonText.Of(instruction).Escaped, default);
        }

        if (isOpen)
        {
            json.WriteEndArray();
        }
    }

    public void WriteMessages(Utf8JsonWriter json)
    {
        json.WriteStartArray("messages"u8);
        if (_turns.Count == 0 || IsAssistant(_turns[0]))
        {
            Begin(json, "user"u8); // A conversation begins with the user.
            AnthropicParts.WriteText(json, Placeholder, default);
            End(json);
        }

        for (int i = 0; i < _turns.Count; i++)
        {
            bool isAssistant = IsAssistant(_turns[i]);
            Begin(json, isAssistant ? "assistant"u8 : "user"u8);
            if (isAssistant)
            {
                AnthropicAssistant.Write(json, _turn, _turns[i], isLast: i == _turns.Count - 1);
            }
            else
            {
                WriteUser(json, _turns[i], i == 0 ? null : _turns[i - 1]);
            }

            End(json);
        }

        json.WriteEndArray();
    }

    /// <summary>The mark that a part carries, or its message if this is the message's last part.</summary>
    public static ReadOnlyMemory<byte> MarkOf(ChatMessage message, List<ChatPart> parts, int index)
    {
        ChatPart part = parts[index];
        if (!part.CacheControl.IsEmpty || message.CacheControl.IsEmpty)
        {
            return part.CacheControl;
        }

        for (int i = index + 1; i < parts.Count; i++)
        {
            if (AnthropicParts.IsWorthSending(parts[i]))
            {
                return default;
            }
        }

        return message.CacheControl;
    }

    private void WriteUser(Utf8JsonWriter json, List<ChatMessage> messages, List<ChatMessage>? before)
    {
        int result = 0;
        foreach (ChatMessage message in messages)
        {
            if (message.Role == ChatRole.Tool)
            {
                AnthropicToolResult.Write(json, _turn, message, before, result++);
            }
        }

        foreach (ChatMessage message in messages)
        {
            for (int i = 0; i < message.Parts.Count && message.Role != ChatRole.Tool; i++)
            {
                if (AnthropicParts.IsWorthSending(message.Parts[i]))
                {
                    AnthropicParts.Write(json, _turn, message.Parts[i], MarkOf(message, message.Parts, i));
                }
            }
        }
    }

    private void NoteUnsaid(ChatMessage message)
    {
        if (!message.Name.IsEmpty && message.Role != ChatRole.Tool)
        {
            _turn.Fields.Drop("messages[].name");
        }

        if (message.Thinking.Exists(static block => block.IsGoogles))
        {
            _turn.Fields.Drop("messages[].thinking_blocks");
        }

        if (!message.ReasoningText.IsEmpty && message.ClaudesThinking.Count == 0)
        {
            _turn.Fields.Drop("messages[].reasoning_content"); // Without its signature the vendor takes no thinking back.
        }
    }

    private static bool HasBlocks(ChatMessage message) =>
        message.Role == ChatRole.Tool || message.ToolCalls.Count > 0 || !message.Refusal.IsEmpty || message.Parts.Exists(AnthropicParts.IsWorthSending);

    private static bool IsAssistant(List<ChatMessage> turn) => turn[0].Role == ChatRole.Assistant;

    private static void Open(Utf8JsonWriter json, ref bool isOpen)
    {
        if (!isOpen)
        {
            isOpen = true;
            json.WriteStartArray("system"u8);
        }
    }

    private static void Begin(Utf8JsonWriter json, ReadOnlySpan<byte> role)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, role);
        json.WriteStartArray("content"u8);
    }

    private static void End(Utf8JsonWriter json)
    {
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
