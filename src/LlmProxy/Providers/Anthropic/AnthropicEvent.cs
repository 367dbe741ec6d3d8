using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

internal enum EventKind
{
    Other,
    MessageStart,
    BlockStart,
    BlockDelta,
    BlockStop,
    MessageDelta,
    MessageStop,
    Error,
}

internal enum DeltaKind
{
    Other,
    Text,
    Thinking,
    Signature,
    Input,
    Citation,
}

/// <summary>One stream event, read in one pass without copying: spans of its text. https://platform.claude.com/docs/en/build-with-claude/streaming</summary>
internal ref struct AnthropicEvent
{
    public EventKind Kind;
    public int Index;
    public DeltaKind Delta;

    /// <summary>What a delta adds, between the quotes; a citation as JSON text.</summary>
    public ReadOnlySpan<byte> Text;
    public ReadOnlySpan<byte> StopReason;
    public ReadOnlySpan<byte> StopSequence;

    /// <summary>Why the model declined, where it says so, between the quotes.</summary>
    public ReadOnlySpan<byte> Explanation;

    /// <summary>The message or block that begins, as JSON text.</summary>
    public ReadOnlySpan<byte> Body;
    public ReadOnlySpan<byte> Usage;

    public static AnthropicEvent Read(ReadOnlySpan<byte> json)
    {
        var read = new AnthropicEvent();
        var reader = new Utf8JsonReader(json, JsonMembers.ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("A stream event is not an object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            read.ReadMember(ref reader, json);
        }

        return read;
    }

    /// <summary>The value behind the name that the reader stands on, as JSON text.</summary>
    public static ReadOnlySpan<byte> Value(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> json, out JsonTokenType kind)
    {
        reader.Read();
        kind = reader.TokenType;
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed];
    }

    private void ReadMember(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.ValueTextEquals("type"u8))
        {
            reader.Read();
            Kind = KindOf(ref reader);
            reader.Skip();
        }
        else if (reader.ValueTextEquals("index"u8))
        {
            reader.Read();
            Index = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int index) ? index : -1;
            reader.Skip();
        }
        else if (reader.ValueTextEquals("delta"u8))
        {
            reader.Read();
            ReadDelta(ref reader, json);
        }
        else if (reader.ValueTextEquals("usage"u8))
        {
            ReadOnlySpan<byte> value = Value(ref reader, json, out JsonTokenType kind);
            Usage = kind == JsonTokenType.StartObject ? value : default;
        }
        else
        {
            bool isBody = reader.ValueTextEquals("content_block"u8) || reader.ValueTextEquals("message"u8);
            ReadOnlySpan<byte> value = Value(ref reader, json, out _);
            Body = isBody ? value : Body;
        }
    }

    private void ReadDelta(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            DeltaKind kind = reader.ValueTextEquals("text"u8) ? DeltaKind.Text
                : reader.ValueTextEquals("partial_json"u8) ? DeltaKind.Input
                : reader.ValueTextEquals("thinking"u8) ? DeltaKind.Thinking
                : reader.ValueTextEquals("signature"u8) ? DeltaKind.Signature
                : DeltaKind.Other;
            if (kind != DeltaKind.Other)
            {
                reader.Read();
                Take(ref reader, kind);
            }
            else
            {
                ReadDeltaMember(ref reader, json);
            }
        }
    }

    private void Take(scoped ref Utf8JsonReader reader, DeltaKind kind)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            Delta = kind;
            Text = reader.ValueSpan;
        }

        reader.Skip();
    }

    private void ReadDeltaMember(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        bool isReason = reader.ValueTextEquals("stop_reason"u8);
        bool isSequence = reader.ValueTextEquals("stop_sequence"u8);
        bool isCitation = reader.ValueTextEquals("citation"u8);
        bool isDetails = reader.ValueTextEquals("stop_details"u8);
        ReadOnlySpan<byte> value = Value(ref reader, json, out JsonTokenType kind);
        if (kind == JsonTokenType.String)
        {
            StopReason = isReason ? value[1..^1] : StopReason;
            StopSequence = isSequence ? value[1..^1] : StopSequence;
        }
        else if (kind == JsonTokenType.StartObject && isCitation)
        {
            Delta = DeltaKind.Citation;
            Text = value;
        }
        else if (kind == JsonTokenType.StartObject && isDetails)
        {
            Explanation = AnthropicResponse.ExplanationIn(value);
        }
    }

    private static EventKind KindOf(scoped ref Utf8JsonReader reader) => reader.TokenType != JsonTokenType.String ? EventKind.Other
        : reader.ValueTextEquals("content_block_delta"u8) ? EventKind.BlockDelta
        : reader.ValueTextEquals("content_block_start"u8) ? EventKind.BlockStart
        : reader.ValueTextEquals("content_block_stop"u8) ? EventKind.BlockStop
        : reader.ValueTextEquals("message_start"u8) ? EventKind.MessageStart
        : reader.ValueTextEquals("message_delta"u8) ? EventKind.MessageDelta
        : reader.ValueTextEquals("message_stop"u8) ? EventKind.MessageStop
        : reader.ValueTextEquals("error"u8) ? EventKind.Error
        : EventKind.Other;
}
