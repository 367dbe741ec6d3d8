using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>Reads a whole message. https://platform.claude.com/docs/en/api/messages/create</summary>
internal static class AnthropicResponse
{
    /// <summary>Tells all of it to the client's sink.</summary>
    public static void Tell(ReadOnlySpan<byte> body, AnthropicTeller teller, VendorLabel vendor, ChatSink sink)
    {
        body = Trimmed(body);
        var members = new JsonMembers();
        members.Read(body);
        if (IsError(members, body))
        {
            sink.Fail(AnthropicErrors.Inside(body, vendor));
            return;
        }

        int content = members.Find(body, "content"u8);
        int reason = members.Find(body, "stop_reason"u8);
        if (content < 0 || members[content].Kind != JsonTokenType.StartArray || reason < 0)
        {
            throw new JsonException("A message without content or stop_reason.");
        }

        Begin(body, new AnthropicUsage(), sink);
        TellBlocks(members[content].Value(body), teller, sink);
        int details = members.Find(body, "stop_details"u8);
        teller.Finish(
            Text(members, reason, body),
            Text(members, members.Find(body, "stop_sequence"u8), body),
            details < 0 || members[details].Kind != JsonTokenType.StartObject ? default : ExplanationIn(members[details].Value(body)),
            sink);
        sink.End();
    }

    /// <summary>A message's id, model and usage: of a whole one, or of the empty one that a stream begins with.</summary>
    public static void Begin(ReadOnlySpan<byte> message, AnthropicUsage usage, ChatSink sink)
    {
        string? id = null;
        string? model = null;
        var reader = new Utf8JsonReader(message, JsonMembers.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isId = reader.ValueTextEquals("id"u8);
            bool isModel = reader.ValueTextEquals("model"u8);
            bool isUsage = reader.ValueTextEquals("usage"u8);
            ReadOnlySpan<byte> value = AnthropicEvent.Value(ref reader, message, out JsonTokenType kind);
            if (kind == JsonTokenType.String && (isId || isModel))
            {
                string? text = StreamFrames.Text(value);
                id = isId ? text : id;
                model = isModel ? text : model;
            }
            else if (kind == JsonTokenType.StartObject && isUsage)
            {
                sink.SetUsage(usage.Read(value));
            }
        }

        sink.Begin(id, model);
    }

    public static bool IsError(JsonMembers members, ReadOnlySpan<byte> body)
    {
        int type = members.Find(body, "type"u8);
        int error = members.Find(body, "error"u8);
        return (type >= 0 && members[type].Value(body).SequenceEqual("\"error\""u8)) || (error >= 0 && members[error].Kind == JsonTokenType.StartObject);
    }

    public static ReadOnlySpan<byte> Trimmed(ReadOnlySpan<byte> body) => (body.StartsWith("\uFEFF"u8) ? body[3..] : body).Trim(" \t\r\n"u8);

    /// <summary>Why the model declined: stop_details.explanation, between the quotes.</summary>
    public static ReadOnlySpan<byte> ExplanationIn(ReadOnlySpan<byte> details)
    {
        var reader = new Utf8JsonReader(details, JsonMembers.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isExplanation = reader.ValueTextEquals("explanation"u8);
            ReadOnlySpan<byte> value = AnthropicEvent.Value(ref reader, details, out JsonTokenType kind);
            if (isExplanation && kind == JsonTokenType.String)
            {
                return value[1..^1];
            }
        }

        return default;
    }

    private static void TellBlocks(ReadOnlySpan<byte> content, AnthropicTeller teller, ChatSink sink)
    {
        var reader = new Utf8JsonReader(content, JsonMembers.ReaderOptions);
        reader.Read();
        for (int index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            teller.Start(index, AnthropicBlock.Read(content[start..(int)reader.BytesConsumed]), sink);
            teller.Stop(index, sink);
        }
    }

    private static ReadOnlySpan<byte> Text(JsonMembers members, int member, ReadOnlySpan<byte> body) =>
        member >= 0 && members[member].Kind == JsonTokenType.String ? members[member].Value(body)[1..^1] : default;
}
