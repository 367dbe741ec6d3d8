using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>Writes systemInstruction and contents.</summary>
internal sealed class GeminiContents(ChatTurn turn, GoogleApi api, GeminiModel model)
{
    private readonly GeminiConversation _conversation = GeminiConversation.Of(turn);

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
            NoteMark(message, part);
            if (part.Kind != PartKind.Text)
            {
                throw turn.Refuse(part.Path, "instructions (system and developer messages) can only be text.");
            }

            if (!part.Text.IsEmpty)
            {
                WriteText(json, part.Text);
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
                content.Messages.ForEach(message => WriteResult(json, message));
                break;
            default:
                WriteUser(json, content.Messages);
                break;
        }

        json.WriteEndArray();
        json.WriteEndObject();
        if (content.Role == GeminiRole.Results && !model.IsThird)
        {
            WriteMediaOfResults(json, content.Messages);
        }
    }

    private void WriteUser(Utf8JsonWriter json, List<ChatMessage> messages)
    {
        bool isEmpty = true;
        foreach (ChatMessage message in messages)
        {
            foreach (ChatPart part in message.Parts)
            {
                isEmpty &= !WritePart(json, message, part);
            }
        }

        if (isEmpty)
        {
            WriteText(json, JsonText.Of(" "));
        }
    }

    private void WriteAssistant(Utf8JsonWriter json, ChatMessage message)
    {
        ReadOnlyMemory<byte> signature = WriteThoughts(json, message);
        int lastText = message.Parts.FindLastIndex(static part => part is { Kind: PartKind.Text, Text.IsEmpty: false });
        if (lastText < 0 && !signature.IsEmpty)
        {
            WriteText(json, JsonText.Of(""), signature);
        }

        for (int i = 0; i < message.Parts.Count; i++)
        {
            if (i == lastText)
            {
                NoteMark(message, message.Parts[i]);
                WriteText(json, message.Parts[i].Text, signature);
            }
            else
            {
                WritePart(json, message, message.Parts[i]);
            }
        }

        if (!message.Refusal.IsEmpty)
        {
            WriteText(json, message.Refusal);
        }

        bool isUnsigned = model.IsThird && !message.ToolCalls.Exists(static call => !call.GoogleSignature.IsEmpty);
        for (int i = 0; i < message.ToolCalls.Count; i++)
        {
            // Of calls made at once only the first carries a signature.
            WriteCall(json, message.ToolCalls[i], needsSignature: isUnsigned && i == 0);
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
                WriteThought(json, block.Text);
            }

            ReadOnlyMemory<byte> own = GeminiSignature.Unmark(block.Signature);
            signature = own.IsEmpty ? signature : own;
        }

        if (!hasText && !message.ReasoningText.IsEmpty)
        {
            WriteThought(json, message.ReasoningText);
        }

        return signature;
    }

    private void WriteCall(Utf8JsonWriter json, ToolCall call, bool needsSignature)
    {
        json.WriteStartObject();
        json.WriteStartObject("functionCall"u8);
        WriteId(json, call.Id);
        json.WritePropertyName("name"u8);
        call.Name.WriteTo(json);
        json.WritePropertyName("args"u8);
        WriteArguments(json, call.Arguments);
        json.WriteEndObject();
        if (!call.GoogleSignature.IsEmpty)
        {
            json.WritePropertyName("thoughtSignature"u8);
            call.GoogleSignature.WriteTo(json);
        }
        else if (needsSignature)
        {
            json.WriteString("thoughtSignature"u8, GeminiSignature.Skip);
        }

        json.WriteEndObject();
        NoteMark(call.CacheControl);
    }

    /// <summary>Google takes an object and nothing else: arguments that are none stand in one, as they are.</summary>
    private static void WriteArguments(Utf8JsonWriter json, JsonText arguments)
    {
        byte[] text = Encoding.UTF8.GetBytes(arguments.ToString());
        if (text.AsSpan().Trim(" \t\r\n"u8).IsEmpty)
        {
            json.WriteStartObject();
            json.WriteEndObject();
            return;
        }

        if (IsObject(text))
        {
            json.WriteRawValue(text, skipInputValidation: true);
            return;
        }

        json.WriteStartObject();
        json.WritePropertyName("arguments"u8);
        arguments.WriteTo(json);
        json.WriteEndObject();
    }

    private void WriteResult(Utf8JsonWriter json, ChatMessage message)
    {
        json.WriteStartObject();
        json.WriteStartObject("functionResponse"u8);
        WriteId(json, message.ToolCallId);
        json.WritePropertyName("name"u8);
        _conversation.NameOf(message, turn).WriteTo(json);

        // A text stays a text: read as JSON its big numbers would lose digits in protobuf's Struct.
        json.WriteStartObject("response"u8);
        json.WritePropertyName(message.IsToolError ? "error"u8 : "output"u8);
        GeminiResultText.Write(json, message);
        json.WriteEndObject();
        if (model.IsThird && message.Parts.Exists(static part => part.Kind != PartKind.Text))
        {
            json.WriteStartArray("parts"u8);
            WriteMedia(json, message);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        message.Parts.ForEach(part => NoteMark(message, part));
    }

    /// <summary>Before Gemini 3 a result holds text alone: what it shows is shown right behind it.</summary>
    private void WriteMediaOfResults(Utf8JsonWriter json, List<ChatMessage> messages)
    {
        if (!messages.Exists(static message => message.Parts.Exists(static part => part.Kind != PartKind.Text)))
        {
            return;
        }

        json.WriteStartObject();
        json.WriteString("role"u8, "user"u8);
        json.WriteStartArray("parts"u8);
        messages.ForEach(message => WriteMedia(json, message));
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteMedia(Utf8JsonWriter json, ChatMessage message)
    {
        foreach (ChatPart part in message.Parts)
        {
            if (part.Kind != PartKind.Text)
            {
                WritePart(json, message, part);
            }
        }
    }

    /// <summary>False where there was nothing to write.</summary>
    private bool WritePart(Utf8JsonWriter json, ChatMessage message, ChatPart part)
    {
        NoteMark(message, part);
        if (part.Kind == PartKind.Text)
        {
            if (part.Text.IsEmpty)
            {
                return false;
            }

            WriteText(json, part.Text);
            return true;
        }

        if (part.Media is null)
        {
            throw turn.Refuse(part.Path, "Google's models know no such kind of content.");
        }

        json.WriteStartObject();
        GeminiMedia.Write(json, part, turn);
        json.WriteEndObject();
        return true;
    }

    private void WriteId(Utf8JsonWriter json, JsonText id)
    {
        if (api.HasCallIds && !id.IsEmpty)
        {
            json.WritePropertyName("id"u8);
            id.WriteTo(json);
        }
    }

    private void NoteMark(ChatMessage message, ChatPart part)
    {
        NoteMark(message.CacheControl);
        NoteMark(part.CacheControl);
    }

    /// <summary>Google caches by itself, or by a name made beforehand (cached_content).</summary>
    private void NoteMark(ReadOnlyMemory<byte> cacheControl)
    {
        if (!cacheControl.IsEmpty)
        {
            turn.Fields.Drop("cache_control");
        }
    }

    private bool SaysSomething(ChatMessage message) =>
        message.ToolCalls.Count > 0 || !message.Refusal.IsEmpty
        || message.Parts.Exists(static part => part.Kind != PartKind.Text || !part.Text.IsEmpty)
        || (model.Thinks && (!message.ReasoningText.IsEmpty || message.Thinking.Exists(static block => !block.Text.IsEmpty || !GeminiSignature.Unmark(block.Signature).IsEmpty)));

    private static bool IsObject(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text, Wire.JsonMembers.ReaderOptions);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            reader.Skip();
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void WriteThought(Utf8JsonWriter json, JsonText text)
    {
        json.WriteStartObject();
        json.WritePropertyName("text"u8);
        text.WriteTo(json);
        json.WriteBoolean("thought"u8, true);
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, JsonText text, ReadOnlyMemory<byte> signature = default)
    {
        json.WriteStartObject();
        json.WritePropertyName("text"u8);
        text.WriteTo(json);
        if (!signature.IsEmpty)
        {
            json.WriteString("thoughtSignature"u8, signature.Span);
        }

        json.WriteEndObject();
    }
}
