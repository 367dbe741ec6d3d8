using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Providers.Anthropic;

namespace LlmProxy.Providers.Bedrock;

/// <summary>
/// A conversation as Converse's alternating turns. System and developer messages become the system prompt, in their order;
/// messages of one side in a row become one turn, the results of parallel calls first in the user's.
/// </summary>
internal sealed class BedrockMessages
{
    private readonly ChatTurn _turn;
    private readonly BedrockModel _model;
    private readonly BedrockParts _parts;
    private readonly List<ChatMessage> _system = [];
    private readonly List<List<ChatMessage>> _turns = [];

    public BedrockMessages(ChatTurn turn, BedrockModel model)
    {
        _turn = turn;
        _model = model;
        _parts = new BedrockParts(turn, model);
        foreach (ChatMessage message in turn.Request.Messages)
        {
            NoteUnsaid(message);
            if (message.Role is ChatRole.System or ChatRole.Developer)
            {
                _system.Add(message);
            }
            else if (HasBlocks(message))
            {
                if (_turns.Count > 0 && IsAssistant(_turns[^1]) == (message.Role == ChatRole.Assistant))
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
        if (instruction.Length == 0 && !_system.Exists(message => message.Parts.Exists(AnthropicParts.IsWorthSending)))
        {
            return;
        }

        json.WriteStartArray("system"u8);
        foreach (ChatMessage message in _system)
        {
            for (int i = 0; i < message.Parts.Count; i++)
            {
                ChatPart part = message.Parts[i];
                if (part.Kind != PartKind.Text)
                {
                    throw _turn.Refuse(part.Path, "its system prompt holds only text.");
                }

                if (AnthropicParts.IsWorthSending(part))
                {
                    _parts.Write(json, part);
                    _parts.Mark(json, AnthropicMessages.MarkOf(message, message.Parts, i));
                }
            }
        }

        if (instruction.Length > 0)
        {
            BedrockParts.WriteText(json, JsonText.Of(instruction).Token.Span);
        }

        json.WriteEndArray();
    }

    public void WriteMessages(Utf8JsonWriter json)
    {
        json.WriteStartArray("messages"u8);
        if (_turns.Count == 0 || IsAssistant(_turns[0]))
        {
            Begin(json, "user"u8); // A conversation begins with the user.
            BedrockParts.WriteText(json, Placeholder);
            End(json);
        }

        for (int i = 0; i < _turns.Count; i++)
        {
            bool isAssistant = IsAssistant(_turns[i]);
            Begin(json, isAssistant ? "assistant"u8 : "user"u8);
            if (isAssistant)
            {
                BedrockAssistant.Write(json, _turn, _model, _parts, _turns[i], isLast: i == _turns.Count - 1);
            }
            else
            {
                WriteUser(json, _turns[i], i == 0 ? null : _turns[i - 1]);
            }

            End(json);
        }

        json.WriteEndArray();
    }

    private void WriteUser(Utf8JsonWriter json, List<ChatMessage> messages, List<ChatMessage>? before)
    {
        int result = 0;
        var pictures = new List<ChatPart>();
        bool hasDocument = false;
        bool hasText = false;
        foreach (ChatMessage message in messages)
        {
            if (message.Role == ChatRole.Tool)
            {
                BedrockToolResult.Write(json, _turn, _model, _parts, message, before, result++, pictures);
            }
        }

        foreach (ChatPart picture in pictures)
        {
            _parts.Write(json, picture);
        }

        foreach (ChatMessage message in messages)
        {
            for (int i = 0; i < message.Parts.Count && message.Role != ChatRole.Tool; i++)
            {
                ChatPart part = message.Parts[i];
                if (AnthropicParts.IsWorthSending(part))
                {
                    hasDocument |= part.Kind == PartKind.File;
                    hasText |= part.Kind == PartKind.Text;
                    _parts.Write(json, part);
                    _parts.Mark(json, AnthropicMessages.MarkOf(message, message.Parts, i));
                }
            }
        }

        if (hasDocument && !hasText)
        {
            // "If you include a ContentBlock with a document field in the array, you must also include one with a text field."
            BedrockParts.WriteText(json, Placeholder);
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
            _turn.Fields.Drop("messages[].reasoning_content"); // Without its signature it is not taken back.
        }

        if (message.ClaudesThinking.Count > 0 && !_model.IsClaude && _model.Family != BedrockFamily.Unknown)
        {
            _turn.Fields.Drop("messages[].thinking_blocks");
        }

        foreach (ToolCall call in message.ToolCalls)
        {
            if (!call.GoogleSignature.IsEmpty)
            {
                _turn.Fields.Drop("messages[].tool_calls[].extra_content");
            }
        }
    }

    /// <summary>As a JSON string.</summary>
    private static ReadOnlySpan<byte> Placeholder => "\"...\""u8;

    private static bool HasBlocks(ChatMessage message) =>
        message.Role == ChatRole.Tool || message.ToolCalls.Count > 0 || !message.Refusal.IsEmpty || message.Parts.Exists(AnthropicParts.IsWorthSending);

    private static bool IsAssistant(List<ChatMessage> turn) => turn[0].Role == ChatRole.Assistant;

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
