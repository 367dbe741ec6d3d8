using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>The messages of a chat completions request.</summary>
internal sealed class OpenAiChatVendorMessages(ChatTurn turn, Utf8JsonWriter json, OpenAiChatVendorHabits habits)
{
    private readonly OpenAiChatVendorParts _parts = new(turn, json, habits);
    private readonly OpenAiChatVendorIds _ids = new(habits);

    /// <summary>Pictures among tool results: a tool's message holds text alone, so they follow as the user's.</summary>
    private readonly List<ChatPart> _pictures = [];

    public void Write()
    {
        json.WriteStartArray("messages"u8);
        foreach (ChatMessage message in turn.Request.Messages)
        {
            if (message.Role == ChatRole.Tool)
            {
                WriteResult(message);
                continue;
            }

            WritePictures();
            if (message.Role == ChatRole.Assistant)
            {
                WriteAssistant(message);
            }
            else
            {
                WriteSpoken(message);
            }
        }

        WritePictures();
        json.WriteEndArray();
    }

    private void WriteSpoken(ChatMessage message)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, message.Role switch
        {
            ChatRole.User => "user"u8,
            ChatRole.Developer when habits.IsOpenAi => "developer"u8,
            _ => "system"u8,
        });
        json.WritePropertyName("content"u8);
        if (message.Role == ChatRole.User)
        {
            _parts.WriteUser(message);
        }
        else
        {
            _parts.WriteTexts(message, default);
        }

        if (!message.Name.IsEmpty)
        {
            json.WritePropertyName("name"u8);
            message.Name.WriteTo(json);
        }

        json.WriteEndObject();
    }

    private void WriteAssistant(ChatMessage message)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, "assistant"u8);
        ReadOnlySpan<byte> thought = OpenAiChatVendorParts.Thought(message);
        json.WritePropertyName("content"u8);
        if (!thought.IsEmpty && habits.Reasoning == ReasoningHabit.ThinkingChunk && ThinksInChunks())
        {
            _parts.WriteWithThinking(message, thought);
            thought = default;
        }
        else if (message.Parts.Count == 0 && message.ToolCalls.Count > 0)
        {
            json.WriteNullValue();
        }
        else
        {
            _parts.WriteTexts(message, default);
        }

        if (!message.Refusal.IsEmpty && habits.IsOpenAi)
        {
            json.WritePropertyName("refusal"u8);
            message.Refusal.WriteTo(json);
        }

        if (turn.GoesOn && habits.Beginning == BeginningHabit.Prefix && message == turn.Request.Messages[^1])
        {
            json.WriteBoolean("prefix"u8, true);
        }

        WriteThought(message, thought);
        WriteCalls(message);
        json.WriteEndObject();
    }

    /// <summary>What the model thought goes back only under a name that the server takes.</summary>
    private void WriteThought(ChatMessage message, ReadOnlySpan<byte> thought)
    {
        if (habits.TakesThinkingBlocks && message.Thinking.Count > 0)
        {
            _parts.WriteThinkingBlocks(message);
        }
        else if (message.Thinking.Exists(block => !block.Sealed.IsEmpty))
        {
            turn.Fields.Drop("messages[].content[].redacted_thinking");
        }

        if (thought.IsEmpty)
        {
            return;
        }

        switch (habits.Reasoning)
        {
            case ReasoningHabit.ReasoningContent:
                OpenAiChatVendorParts.WriteEscaped(json, "reasoning_content"u8, thought);
                break;
            case ReasoningHabit.Reasoning:
                OpenAiChatVendorParts.WriteEscaped(json, "reasoning"u8, thought);
                break;
            case ReasoningHabit.Both:
                OpenAiChatVendorParts.WriteEscaped(json, "reasoning_content"u8, thought);
                OpenAiChatVendorParts.WriteEscaped(json, "reasoning"u8, thought);
                break;
            default:
                turn.Fields.Drop("messages[].thinking");
                break;
        }
    }

    private void WriteCalls(ChatMessage message)
    {
        if (message.ToolCalls.Count == 0)
        {
            return;
        }

        _ids.BeginCalls();
        json.WriteStartArray("tool_calls"u8);
        foreach (ToolCall call in message.ToolCalls)
        {
            json.WriteStartObject();
            json.WritePropertyName("id"u8);
            _ids.OfCall(call).WriteTo(json);
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            json.WritePropertyName("name"u8);
            (call.Name.IsMissing ? JsonText.Of("") : call.Name).WriteTo(json);
            json.WritePropertyName("arguments"u8);
            (call.Arguments.IsEmpty ? JsonText.Of("{}") : call.Arguments).WriteTo(json);
            json.WriteEndObject();
            WriteSignature(call);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteSignature(ToolCall call)
    {
        if (call.GoogleSignature.IsEmpty)
        {
            return;
        }

        if (!habits.TakesGoogleSignatures)
        {
            turn.Fields.Drop("messages[].tool_calls[].extra_content");
            return;
        }

        json.WriteStartObject("extra_content"u8);
        json.WriteStartObject("google"u8);
        json.WritePropertyName("thought_signature"u8);
        call.GoogleSignature.WriteTo(json);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteResult(ChatMessage message)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, "tool"u8);
        json.WritePropertyName("tool_call_id"u8);
        _ids.OfResult(message).WriteTo(json);
        json.WritePropertyName("content"u8);

        // The dialect has no mark for a failed tool; the text is what the model reads.
        bool tellsError = message.IsToolError && !(message.Parts.Count > 0 && message.Parts[0].Text.Escaped.StartsWith("Error"u8));
        _parts.WriteTexts(message, tellsError ? "Error: "u8 : default, _pictures);
        json.WriteEndObject();
    }

    private void WritePictures()
    {
        if (_pictures.Count == 0)
        {
            return;
        }

        json.WriteStartObject();
        json.WriteString("role"u8, "user"u8);
        json.WritePropertyName("content"u8);
        json.WriteStartArray();
        foreach (ChatPart picture in _pictures)
        {
            _parts.WritePart(picture);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        _pictures.Clear();
    }

    private bool ThinksInChunks() => turn.Request.Thinking.IsWanted || turn.Target.Model.StartsWith("magistral", StringComparison.OrdinalIgnoreCase);
}
