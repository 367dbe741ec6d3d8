using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

internal enum BlockKind
{
    /// <summary>What the vendor's own tools do and find: nothing that other dialects have a place for.</summary>
    Other,
    Text,
    Thinking,
    Sealed,
    Tool,
}

/// <summary>One content block, as a whole answer holds it and a stream begins it. Texts are what stands between the quotes.</summary>
internal ref struct AnthropicBlock
{
    public BlockKind Kind;
    public ReadOnlySpan<byte> Id;
    public ReadOnlySpan<byte> Name;
    public ReadOnlySpan<byte> Text;
    public ReadOnlySpan<byte> Signature;

    /// <summary>A tool call's input, as JSON text.</summary>
    public ReadOnlySpan<byte> Input;

    /// <summary>An array, as JSON text.</summary>
    public ReadOnlySpan<byte> Citations;

    public static AnthropicBlock Read(ReadOnlySpan<byte> json)
    {
        var block = new AnthropicBlock();
        var reader = new Utf8JsonReader(json, JsonMembers.ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("A content block is not an object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            block.ReadMember(ref reader, json);
        }

        return block;
    }

    private void ReadMember(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.ValueTextEquals("type"u8))
        {
            reader.Read();
            Kind = KindOf(ref reader);
            reader.Skip();
        }
        else if (reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("thinking"u8) || reader.ValueTextEquals("data"u8))
        {
            Text = String(ref reader);
        }
        else if (reader.ValueTextEquals("signature"u8))
        {
            Signature = String(ref reader);
        }
        else if (reader.ValueTextEquals("id"u8))
        {
            Id = String(ref reader);
        }
        else if (reader.ValueTextEquals("name"u8))
        {
            Name = String(ref reader);
        }
        else
        {
            bool isInput = reader.ValueTextEquals("input"u8);
            bool isCitations = reader.ValueTextEquals("citations"u8);
            ReadOnlySpan<byte> value = AnthropicEvent.Value(ref reader, json, out JsonTokenType kind);
            Input = isInput && kind != JsonTokenType.Null ? value : Input;
            Citations = isCitations && kind == JsonTokenType.StartArray ? value : Citations;
        }
    }

    private static BlockKind KindOf(scoped ref Utf8JsonReader reader) => reader.TokenType != JsonTokenType.String ? BlockKind.Other
        : reader.ValueTextEquals("text"u8) ? BlockKind.Text
        : reader.ValueTextEquals("tool_use"u8) ? BlockKind.Tool
        : reader.ValueTextEquals("thinking"u8) ? BlockKind.Thinking
        : reader.ValueTextEquals("redacted_thinking"u8) ? BlockKind.Sealed
        : BlockKind.Other;

    private static ReadOnlySpan<byte> String(scoped ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.ValueSpan;
        }

        reader.Skip();
        return default;
    }
}
