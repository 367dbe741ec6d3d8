using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Anthropic;

/// <summary>What the assistant thought, said and called, in the order the vendor wants it.</summary>
internal static class AnthropicAssistant
{
    public static void Write(Utf8JsonWriter json, ChatTurn turn, List<ChatMessage> messages, bool isLast)
    {
        for (int m = 0; m < messages.Count; m++)
        {
            ChatMessage message = messages[m];
            bool isBeginning = isLast && m == messages.Count - 1 && message.ToolCalls.Count == 0; // Of the answer: the model goes on from here.
            if (!isBeginning)
            {
                WriteThinking(json, message);
            }

            WriteText(json, turn, message, isBeginning);
            for (int i = 0; i < message.ToolCalls.Count; i++)
            {
                ReadOnlyMemory<byte> mark = i == message.ToolCalls.Count - 1 ? message.CacheControl : default;
                WriteCall(json, turn, message, i, mark);
            }
        }
    }

    private static void WriteThinking(Utf8JsonWriter json, ChatMessage message)
    {
        foreach (ThinkingBlock block in message.ClaudesThinking)
        {
            json.WriteStartObject();
            if (!block.Sealed.IsEmpty)
            {
                json.WriteString("type"u8, "redacted_thinking"u8);
                json.WritePropertyName("data"u8);
                block.Sealed.WriteTo(json);
            }
            else
            {
                json.WriteString("type"u8, "thinking"u8);
                json.WritePropertyName("thinking"u8);
                json.WriteRawValue(block.Text.IsMissing ? "\"\""u8 : block.Text.Token.Span, skipInputValidation: true);
                json.WritePropertyName("signature"u8);
                block.Signature.WriteTo(json);
            }

            json.WriteEndObject();
        }
    }

    private static void WriteText(Utf8JsonWriter json, ChatTurn turn, ChatMessage message, bool isBeginning)
    {
        int last = message.Parts.FindLastIndex(AnthropicParts.IsWorthSending);
        for (int i = 0; i <= last; i++)
        {
            ChatPart part = message.Parts[i];
            if (!AnthropicParts.IsWorthSending(part))
            {
                continue;
            }

            if (part.Kind is not (PartKind.Text or PartKind.Foreign))
            {
                throw turn.Refuse(part.Path, "the assistant's messages hold only text and tool calls.");
            }

            ReadOnlyMemory<byte> mark = message.ToolCalls.Count == 0 ? AnthropicMessages.MarkOf(message, message.Parts, i) : part.CacheControl;
            if (isBeginning && i == last && part.Kind == PartKind.Text)
            {
                AnthropicParts.WriteText(json, WithoutTrailingSpace(part.Text.Escaped), mark); // "final assistant content cannot end with trailing whitespace"
            }
            else
            {
                AnthropicParts.Write(json, turn, part, mark);
            }
        }

        if (!message.Refusal.IsEmpty)
        {
            AnthropicParts.WriteText(json, message.Refusal.Escaped, default);
        }
    }

    private static void WriteCall(Utf8JsonWriter json, ChatTurn turn, ChatMessage message, int index, ReadOnlyMemory<byte> mark)
    {
        ToolCall call = message.ToolCalls[index];
        json.WriteStartObject();
        json.WriteString("type"u8, "tool_use"u8);
        json.WriteString("id"u8, AnthropicToolIds.Of(message, index));
        json.WritePropertyName("name"u8);
        call.Name.WriteTo(json);
        json.WritePropertyName("input"u8);
        WriteInput(json, turn, call, $"{message.Path}.tool_calls[{index}].function.arguments");
        AnthropicParts.WriteMark(json, call.CacheControl.IsEmpty ? mark : call.CacheControl);
        json.WriteEndObject();
    }

    /// <summary>The vendor takes only an object. What is none (models write such things) goes as the text it is, under the name "arguments".</summary>
    private static void WriteInput(Utf8JsonWriter json, ChatTurn turn, ToolCall call, string path)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(Math.Max(call.Arguments.Token.Length, 2));
        try
        {
            int length = Decode(call.Arguments, rented);
            ReadOnlySpan<byte> arguments = rented.AsSpan(0, length).Trim(" \t\r\n"u8);
            if (arguments.IsEmpty)
            {
                json.WriteRawValue("{}"u8, skipInputValidation: true);
            }
            else if (IsObject(arguments))
            {
                json.WriteRawValue(arguments, skipInputValidation: true);
            }
            else
            {
                turn.Fields.Drop(path);
                json.WriteStartObject();
                json.WritePropertyName("arguments"u8);
                call.Arguments.WriteTo(json);
                json.WriteEndObject();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static int Decode(JsonText text, Span<byte> into)
    {
        if (text.IsEmpty)
        {
            return 0;
        }

        var reader = new Utf8JsonReader(text.Token.Span);
        reader.Read();
        try
        {
            return reader.CopyString(into);
        }
        catch (InvalidOperationException)
        {
            into[0] = (byte)'?'; // Half a surrogate pair: no object either.
            return 1;
        }
    }

    private static bool IsObject(ReadOnlySpan<byte> text)
    {
        if (text[0] != '{')
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(text, Wire.JsonMembers.ReaderOptions);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static ReadOnlySpan<byte> WithoutTrailingSpace(ReadOnlySpan<byte> escaped)
    {
        while (true)
        {
            if (escaped.EndsWith(" "u8))
            {
                escaped = escaped[..^1];
            }
            else if ((escaped.EndsWith("\\n"u8) || escaped.EndsWith("\\t"u8) || escaped.EndsWith("\\r"u8)) && !EndsInEscapedBackslash(escaped[..^1]))
            {
                escaped = escaped[..^2];
            }
            else
            {
                return escaped;
            }
        }
    }

    /// <summary>Whether the backslash at the end is itself an escaped one: then the letter behind it is only a letter.</summary>
    private static bool EndsInEscapedBackslash(ReadOnlySpan<byte> escaped) => (escaped.Length - escaped.TrimEnd((byte)'\\').Length) % 2 == 0;
}
