using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>Writes the calls of tools and their results.</summary>
internal sealed class GeminiCalls(ChatTurn turn, GoogleApi api, GeminiModel model)
{
    private readonly GeminiParts _parts = new(turn);

    public void WriteCall(Utf8JsonWriter json, ToolCall call, bool needsSignature)
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
        _parts.NoteMark(call.CacheControl);
    }

    public void WriteResult(Utf8JsonWriter json, ChatMessage message, JsonText name)
    {
        json.WriteStartObject();
        json.WriteStartObject("functionResponse"u8);
        WriteId(json, message.ToolCallId);
        json.WritePropertyName("name"u8);
        name.WriteTo(json);

        // A text stays a text: read as JSON its big numbers would lose digits in protobuf's Struct.
        json.WriteStartObject("response"u8);
        json.WritePropertyName(message.IsToolError ? "error"u8 : "output"u8);
        GeminiResultText.Write(json, message);
        json.WriteEndObject();
        if (model.IsThird && message.Parts.Exists(static part => part.Kind != PartKind.Text))
        {
            json.WriteStartArray("parts"u8);
            _parts.WriteMedia(json, message);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        message.Parts.ForEach(part => _parts.NoteMark(message, part));
    }

    /// <summary>Before Gemini 3 a result holds text alone: what it shows is shown right behind it.</summary>
    public void WriteMediaOfResults(Utf8JsonWriter json, List<ChatMessage> messages)
    {
        if (!messages.Exists(static message => message.Parts.Exists(static part => part.Kind != PartKind.Text)))
        {
            return;
        }

        json.WriteStartObject();
        json.WriteString("role"u8, "user"u8);
        json.WriteStartArray("parts"u8);
        messages.ForEach(message => _parts.WriteMedia(json, message));
        json.WriteEndArray();
        json.WriteEndObject();
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

    private void WriteId(Utf8JsonWriter json, JsonText id)
    {
        if (api.HasCallIds && !id.IsEmpty)
        {
            json.WritePropertyName("id"u8);
            id.WriteTo(json);
        }
    }

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
}
