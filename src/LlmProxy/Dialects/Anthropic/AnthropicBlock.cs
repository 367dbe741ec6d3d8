using System.Buffers;
using System.Text;

namespace LlmProxy.Dialects.Anthropic;

internal enum BlockKind
{
    Text,
    Thinking,
    Redacted,
    Tool,
}

/// <summary>One content block of a stream: writes its own events, to the client or to where they are held.</summary>
internal sealed class AnthropicBlock
{
    private readonly byte[] _delta;
    private ArgumentsEnd _arguments;

    public AnthropicBlock(BlockKind kind, int index, int tool)
    {
        Kind = kind;
        Index = index;
        Tool = tool;
        Output = Held;
        _delta = Event("content_block_delta", "delta", kind switch
        {
            BlockKind.Text => "{\"type\":\"text_delta\",\"text\":\"",
            BlockKind.Tool => "{\"type\":\"input_json_delta\",\"partial_json\":\"",
            _ => "{\"type\":\"thinking_delta\",\"thinking\":\"",
        });
    }

    public BlockKind Kind { get; }

    public int Index { get; }

    /// <summary>The call's number; -1: no call.</summary>
    public int Tool { get; }

    /// <summary>What waits for the blocks before this one.</summary>
    public ArrayBufferWriter<byte> Held { get; } = new();

    public IBufferWriter<byte> Output { get; set; }

    /// <summary>Its signature has come: more thinking is another block's.</summary>
    public bool IsSealed { get; set; }

    public bool IsClosed { get; private set; }

    /// <summary>A call is done when its arguments are a whole object; everything else when something follows it.</summary>
    public bool MayClose => Kind != BlockKind.Tool || _arguments.IsComplete;

    public void WriteStart(ReadOnlySpan<byte> start, ReadOnlySpan<byte> middle, ReadOnlySpan<byte> end)
    {
        Output.Write(Event("content_block_start", "content_block", ""));
        Output.Write(start);
        Output.Write(middle);
        Output.Write(end);
        Output.Write("}\n\n"u8);
    }

    public void WriteDelta(ReadOnlySpan<byte> escaped)
    {
        if (Kind == BlockKind.Tool)
        {
            _arguments.Add(escaped);
        }

        Output.Write(_delta);
        Output.Write(escaped);
        Output.Write("\"}}\n\n"u8);
    }

    public void WriteSignature(ReadOnlySpan<byte> escaped)
    {
        Output.Write(Event("content_block_delta", "delta", "{\"type\":\"signature_delta\",\"signature\":\""));
        Output.Write(escaped);
        Output.Write("\"}}\n\n"u8);
    }

    public void WriteCitation(ReadOnlySpan<byte> citation)
    {
        Output.Write(Event("content_block_delta", "delta", "{\"type\":\"citations_delta\",\"citation\":"));
        Output.Write(citation);
        Output.Write("}}\n\n"u8);
    }

    public void WriteStop()
    {
        IsClosed = true;
        Output.Write(Encoding.UTF8.GetBytes($"event: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":{Index}}}\n\n"));
    }

    private byte[] Event(string name, string member, string inner) =>
        Encoding.UTF8.GetBytes($"event: {name}\ndata: {{\"type\":\"{name}\",\"index\":{Index},\"{member}\":{inner}");
}
