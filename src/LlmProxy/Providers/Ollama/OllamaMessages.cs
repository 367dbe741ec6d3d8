using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Dialects;
using LlmProxy.Dialects.Ollama;

namespace LlmProxy.Providers.Ollama;

/// <summary>Writes the messages of a conversation as Ollama takes them: one text each, images and calls beside it.</summary>
internal sealed class OllamaMessages(ChatTurn turn, Utf8JsonWriter json)
{
    private readonly Dictionary<string, JsonText> _toolNames = [];

    public void Write()
    {
        json.WriteStartArray("messages"u8);
        foreach (ChatMessage message in turn.Request.Messages)
        {
            json.WriteStartObject();
            json.WriteString("role"u8, RoleOf(message.Role));
            WriteContent(message);
            WriteThinking(message);
            WriteCalls(message);
            WriteResult(message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static ReadOnlySpan<byte> RoleOf(ChatRole role) => role switch
    {
        ChatRole.System or ChatRole.Developer => "system"u8,
        ChatRole.Assistant => "assistant"u8,
        ChatRole.Tool => "tool"u8,
        _ => "user"u8,
    };

    /// <summary>Ollama keeps the prefixes it has read by itself.</summary>
    private void NoteMark(ReadOnlyMemory<byte> cacheControl)
    {
        if (!cacheControl.IsEmpty)
        {
            turn.Fields.Drop("cache_control");
        }
    }

    private void WriteContent(ChatMessage message)
    {
        var text = new EscapedText();
        List<MediaSource>? images = null;
        NoteMark(message.CacheControl);
        foreach (ChatPart part in message.Parts)
        {
            NoteMark(part.CacheControl);
            switch (part.Kind)
            {
                case PartKind.Text:
                    Add(text, part.Text.Escaped);
                    break;
                case PartKind.Image:
                    (images ??= []).Add(ImageOf(part));
                    break;
                case PartKind.File:
                    Add(text, TextOf(part).Escaped);
                    break;
                case PartKind.Foreign:
                    turn.Fields.Drop(part.Path);
                    break;
                default:
                    throw turn.Refuse(part.Path, "Ollama reads texts and images only.");
            }
        }

        if (text.IsEmpty && !message.Refusal.IsEmpty)
        {
            Add(text, message.Refusal.Escaped);
        }

        json.WritePropertyName("content"u8);
        text.WriteTo(json);
        if (images is not null)
        {
            json.WriteStartArray("images"u8);
            foreach (MediaSource image in images)
            {
                json.WriteStringValue(image.Base64.Span);
            }

            json.WriteEndArray();
        }
    }

    private static void Add(EscapedText text, ReadOnlySpan<byte> escaped)
    {
        if (!text.IsEmpty)
        {
            text.Add("\\n"u8);
        }

        text.Add(escaped);
    }

    private MediaSource ImageOf(ChatPart part)
    {
        MediaSource image = turn.MediaOf(part);
        if (image.Base64.IsEmpty)
        {
            throw turn.Refuse(part.Path, "Ollama keeps no files: send the image as a data: address or a web address.");
        }

        if (part.Media!.Detail is { } detail && detail != "auto")
        {
            turn.Fields.Drop(part.Path + ".image_url.detail");
        }

        return image;
    }

    private JsonText TextOf(ChatPart part)
    {
        MediaSource file = turn.MediaOf(part);
        bool isText = file.MediaType is { } type && (type.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || type.Contains("json", StringComparison.OrdinalIgnoreCase));
        byte[] bytes = new byte[file.Base64.Length];
        if (!isText || System.Buffers.Text.Base64.DecodeFromUtf8(file.Base64.Span, bytes, out _, out int length) != OperationStatus.Done)
        {
            throw turn.Refuse(part.Path, "Ollama reads texts and images only.");
        }

        return JsonText.Of(System.Text.Encoding.UTF8.GetString(bytes, 0, length));
    }

    /// <summary>Signatures belong to other vendors and say nothing here.</summary>
    private void WriteThinking(ChatMessage message)
    {
        if (!message.ReasoningText.IsEmpty)
        {
            json.WritePropertyName("thinking"u8);
            message.ReasoningText.WriteTo(json);
            return;
        }

        var text = new EscapedText();
        foreach (ThinkingBlock block in message.Thinking)
        {
            text.Add(block.Text.Escaped);
        }

        if (!text.IsEmpty)
        {
            json.WritePropertyName("thinking"u8);
            text.WriteTo(json);
        }
    }

    private void WriteCalls(ChatMessage message)
    {
        if (message.ToolCalls.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tool_calls"u8);
        for (int i = 0; i < message.ToolCalls.Count; i++)
        {
            ToolCall call = message.ToolCalls[i];
            json.WriteStartObject();
            if (!call.Id.IsEmpty)
            {
                _toolNames[call.Id.ToString()] = call.Name;
                json.WritePropertyName("id"u8);
                call.Id.WriteTo(json);
            }

            json.WriteStartObject("function"u8);
            json.WriteNumber("index"u8, i);
            json.WritePropertyName("name"u8);
            call.Name.WriteTo(json);
            json.WritePropertyName("arguments"u8);
            ToolArguments.WriteObject(json, call.Arguments.Token.Span);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Templates read the tool's name, newer servers the call's id as well.</summary>
    private void WriteResult(ChatMessage message)
    {
        if (message.Role != ChatRole.Tool)
        {
            if (!message.Name.IsEmpty)
            {
                turn.Fields.Drop(message.Path + ".name");
            }

            return;
        }

        if (message.IsToolError)
        {
            turn.Fields.Drop(message.Path + ".is_error");
        }

        JsonText name = message.Name;
        if (name.IsEmpty && !message.ToolCallId.IsEmpty)
        {
            _toolNames.TryGetValue(message.ToolCallId.ToString(), out name);
        }

        if (!name.IsEmpty)
        {
            json.WritePropertyName("tool_name"u8);
            name.WriteTo(json);
        }

        if (!message.ToolCallId.IsEmpty)
        {
            json.WritePropertyName("tool_call_id"u8);
            message.ToolCallId.WriteTo(json);
        }
    }
}
