using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>Writes systemInstruction and contents.</summary>
internal sealed class GeminiContents(ChatTurn turn, GoogleApi api, GeminiModel model)
{
    private readonly GeminiConversation _conversation = GeminiConversation.Of(turn);
    private readonly GeminiParts _parts = new(turn);
    private readonly GeminiCalls _calls = new(turn, api, model);

    public void Write(Utf8JsonWriter json)
    {
        if (_conversation.System.Count > 0)
        {
            json.WriteStartObject("systemInstruction"u8);
            json.WriteStartArray("parts"u8);
            foreach (ChatMessage message in _conversation.System)
            {
                WriteInstructions(json, message);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteStartArray("contents"u8);
        foreach (GeminiTurn content in _conversation.Turns)
        {
            WriteContent(json, content);
        }

        json.WriteEndArray();
    }

    private void WriteInstructions(Utf8JsonWriter json, ChatMessage message)
    {
        foreach (ChatPart part in message.Parts)
        {
            _parts.NoteMark(message, part);
            if (part.Kind != PartKind.Text)
            {
                throw turn.Refuse(part.Path, "instructions (system and developer messages) can only be text.");
            }

            if (!part.Text.IsEmpty)
            {
                GeminiParts.WriteText(json, part.Text);
            }
        }
    }

    private void WriteContent(Utf8JsonWriter json, GeminiTurn content)
    {
        if (content.Role == GeminiRole.Model && !content.Messages.Exists(SaysSomething))
        {
            return; // Google refuses a content without parts.
        }

        json.WriteStartObject();
        json.WriteString("role"u8, content.Role == GeminiRole.Model ? "model"u8 : "user"u8);
        json.WriteStartArray("parts"u8);
        switch (content.Role)
        {
            case GeminiRole.Model:
                content.Messages.ForEach(message => WriteAssistant(json, message));
                break;
            case GeminiRole.Results:
                content.Messages.ForEach(message => _calls.WriteResult(json, message, _conversation.NameOf(message, turn)));
                break;
            default:
                WriteUser(json, content.Messages);
                break;
        }

        json.WriteEndArray();
        json.WriteEndObject();
        if (content.Role == GeminiRole.Results && !model.IsThird)
        {
            _calls.WriteMediaOfResults(json, content.Messages);
        }
    }

    private void WriteUser(Utf8JsonWriter json, List<ChatMessage> messages)
    {
        bool isEmpty = true;
        foreach (ChatMessage message in messages)
        {
            foreach (ChatPart part in message.Parts)
            {
                isEmpty &= !_parts.WritePart(json, message, part);
            }
        }

        if (isEmpty)
        {
            GeminiParts.WriteText(json, JsonText.Of(" "));
        }
    }

    private void WriteAssistant(Utf8JsonWriter json, ChatMessage message)
    {
        ReadOnlyMemory<byte> signature = WriteThoughts(json, message);
        int lastText = message.Parts.FindLastIndex(static part => part is { Kind: PartKind.Text, Text.IsEmpty: false });
        if (lastText < 0 && !signature.IsEmpty)
        {
            GeminiParts.WriteText(json, JsonText.Of(""), signature);
        }

        for (int i = 0; i < message.Parts.Count; i++)
        {
            if (i == lastText)
            {
                _parts.NoteMark(message, message.Parts[i]);
                GeminiParts.WriteText(json, message.Parts[i].Text, signature);
            }
            else
            {
                _parts.WritePart(json, message, message.Parts[i]);
            }
        }

        if (!message.Refusal.IsEmpty)
        {
            GeminiParts.WriteText(json, message.Refusal);
        }

        bool isUnsigned = model.IsThird && !message.ToolCalls.Exists(static call => !call.GoogleSignature.IsEmpty);
        for (int i = 0; i < message.ToolCalls.Count; i++)
        {
            // Of calls made at once only the first carries a signature.
            _calls.WriteCall(json, message.ToolCalls[i], needsSignature: isUnsigned && i == 0);
        }
    }

    /// <summary>What the model thought, as it came; returns the signature that belongs to what it said then.</summary>
    private ReadOnlyMemory<byte> WriteThoughts(Utf8JsonWriter json, ChatMessage message)
    {
        ReadOnlyMemory<byte> signature = default;
        bool hasText = false;
        if (!model.Thinks)
        {
            if (message.Thinking.Count > 0 || !message.ReasoningText.IsEmpty)
            {
                turn.Fields.Drop("messages[].reasoning_content");
            }

            return default;
        }

        foreach (ThinkingBlock block in message.Thinking)
        {
            if (!block.Sealed.IsEmpty)
            {
                turn.Fields.Drop("messages[].thinking_blocks"); // Sealed for its own vendor.
            }
            else if (!block.Text.IsEmpty)
            {
                hasText = true;
                GeminiParts.WriteThought(json, block.Text);
            }

            ReadOnlyMemory<byte> own = GeminiSignature.Unmark(block.Signature);
            signature = own.IsEmpty ? signature : own;
        }

        if (!hasText && !message.ReasoningText.IsEmpty)
        {
            GeminiParts.WriteThought(json, message.ReasoningText);
        }

        return signature;
    }

    private bool SaysSomething(ChatMessage message) =>
        message.ToolCalls.Count > 0 || !message.Refusal.IsEmpty
        || message.Parts.Exists(static part => part.Kind != PartKind.Text || !part.Text.IsEmpty)
        || (model.Thinks && (!message.ReasoningText.IsEmpty || message.Thinking.Exists(static block => !block.Text.IsEmpty || !GeminiSignature.Unmark(block.Signature).IsEmpty)));
}
