using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>Collects an answer and writes it as one message.</summary>
internal sealed class AnthropicMessageSink(ChatTurn turn) : ChatSink
{
    private readonly List<Block> _blocks = [];
    private FinishReason _finish;
    private JsonText _stopSequence;
    private bool _hasRefused;

    protected override void OnText(ReadOnlySpan<byte> escaped) => BlockOf(BlockKind.Text).Text.Add(escaped);

    protected override void OnReasoning(ReadOnlySpan<byte> escaped) => BlockOf(BlockKind.Thinking).Text.Add(escaped);

    protected override void OnSignature(ReadOnlySpan<byte> escaped, bool isSealed)
    {
        Block block = isSealed ? Add(new Block(BlockKind.Redacted)) : BlockOf(BlockKind.Thinking);
        block.Signature = Token(escaped);
    }

    protected override void OnRefusal(ReadOnlySpan<byte> escaped)
    {
        _hasRefused = true;
        BlockOf(BlockKind.Text).Text.Add(escaped);
    }

    protected override void OnToolStart(int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> googleSignature) =>
        Add(new Block(BlockKind.Tool) { Tool = tool, Id = AnthropicWords.CallId(turn, tool, id, googleSignature), Name = Token(name) });

    protected override void OnToolArguments(int tool, ReadOnlySpan<byte> escaped)
    {
        foreach (Block block in _blocks)
        {
            if (block.Tool == tool)
            {
                block.Text.Add(escaped);
            }
        }
    }

    protected override void OnExtra(string name, ReadOnlySpan<byte> json)
    {
        if (AnthropicWords.Citation(name, json) is { } citation)
        {
            BlockOf(BlockKind.Text).Citations.Add(citation);
        }
    }

    protected override void OnLogprobs(ReadOnlySpan<byte> elements)
    {
        // No client of this dialect can ask for them.
    }

    protected override void OnMember(string name, ReadOnlySpan<byte> json)
    {
        // Nor for these.
    }

    protected override void OnFinish(FinishReason reason, ReadOnlySpan<byte> stopSequence)
    {
        _finish = reason;
        _stopSequence = stopSequence.IsEmpty ? default : Token(stopSequence);
    }

    protected override void OnEnd()
    {
        using var json = new Utf8JsonWriter(Output, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true });
        json.WriteStartObject();
        json.WriteString("id"u8, AnthropicWords.AnswerId(this, turn));
        json.WriteString("type"u8, "message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("model"u8, ReportedModel ?? turn.Target.Model);
        json.WriteStartArray("content"u8);
        foreach (Block block in _blocks)
        {
            Write(json, block);
        }

        json.WriteEndArray();
        bool hasTools = _blocks.Exists(block => block.Kind == BlockKind.Tool);
        AnthropicWords.WriteStop(json, AnthropicWords.Of(_finish, hasTools, !_stopSequence.IsMissing, _hasRefused), _stopSequence);
        AnthropicWords.WriteUsage(json, Usage ?? default);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Block block)
    {
        json.WriteStartObject();
        switch (block.Kind)
        {
            case BlockKind.Text:
                json.WriteString("type"u8, "text"u8);
                json.WritePropertyName("text"u8);
                block.Text.WriteTo(json);
                WriteCitations(json, block);
                break;
            case BlockKind.Thinking:
                json.WriteString("type"u8, "thinking"u8);
                json.WritePropertyName("thinking"u8);
                block.Text.WriteTo(json);
                json.WritePropertyName("signature"u8);
                (block.Signature.IsMissing ? JsonText.Of("") : block.Signature).WriteTo(json);
                break;
            case BlockKind.Redacted:
                json.WriteString("type"u8, "redacted_thinking"u8);
                json.WritePropertyName("data"u8);
                block.Signature.WriteTo(json);
                break;
            default:
                json.WriteString("type"u8, "tool_use"u8);
                json.WriteString("id"u8, block.Id);
                json.WritePropertyName("name"u8);
                block.Name.WriteTo(json);
                json.WritePropertyName("input"u8);
                WriteInput(json, block);
                json.WriteStartObject("caller"u8);
                json.WriteString("type"u8, "direct"u8); // The model itself, not code that it ran: the newer SDKs want it said.
                json.WriteEndObject();
                break;
        }

        json.WriteEndObject();
    }

    /// <summary>The arguments as the value they spell; what spells none stays the text that it is.</summary>
    private static void WriteInput(Utf8JsonWriter json, Block block)
    {
        byte[] input = Encoding.UTF8.GetBytes(Token(block.Text.Escaped).ToString());
        if (input.AsSpan().Trim(" \t\r\n"u8).IsEmpty)
        {
            json.WriteStartObject();
            json.WriteEndObject();
        }
        else if (IsJson(input))
        {
            json.WriteRawValue(input, skipInputValidation: true);
        }
        else
        {
            block.Text.WriteTo(json);
        }
    }

    private static void WriteCitations(Utf8JsonWriter json, Block block)
    {
        if (block.Citations.Count == 0)
        {
            return;
        }

        json.WriteStartArray("citations"u8);
        foreach (byte[] citation in block.Citations)
        {
            json.WriteRawValue(citation, skipInputValidation: true);
        }

        json.WriteEndArray();
    }

    private static bool IsJson(ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text, JsonMembers.ReaderOptions);
            reader.Read();
            reader.Skip();
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private Block BlockOf(BlockKind kind) =>
        _blocks.Count > 0 && _blocks[^1] is { } last && last.Kind == kind && (kind != BlockKind.Thinking || last.Signature.IsMissing)
            ? last
            : Add(new Block(kind));

    private Block Add(Block block)
    {
        _blocks.Add(block);
        return block;
    }

    private static JsonText Token(ReadOnlySpan<byte> escaped) => new((byte[])[(byte)'"', .. escaped, (byte)'"']);

    private sealed class Block(BlockKind kind)
    {
        public BlockKind Kind { get; } = kind;

        public int Tool { get; init; } = -1;

        public string? Id { get; init; }

        public JsonText Name { get; init; }

        /// <summary>Text, thinking, or a call's arguments.</summary>
        public EscapedText Text { get; } = new();

        public JsonText Signature { get; set; }

        public List<byte[]> Citations { get; } = [];
    }
}
