using System.Buffers;
using System.Text;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>
/// What belongs to a message beside its text and calls, collected until the message is whole: thinking blocks with their
/// signatures, annotations, citations. Sent as one delta, because the SDKs' accumulators keep only the last of such a field.
/// </summary>
internal sealed class MessageExtras
{
    private readonly EscapedText _thinking = new();
    private readonly List<KeyValuePair<string, ArrayBufferWriter<byte>>> _arrays = [];

    public bool IsEmpty => _arrays.Count == 0;

    /// <summary>Each field's name and its items, separated by commas.</summary>
    public IEnumerable<KeyValuePair<string, ReadOnlyMemory<byte>>> Arrays =>
        _arrays.Select(array => KeyValuePair.Create(array.Key, array.Value.WrittenMemory));

    public void AddReasoning(ReadOnlySpan<byte> escaped) => _thinking.Add(escaped);

    public void AddSignature(ReadOnlySpan<byte> escaped, bool isSealed)
    {
        ArrayBufferWriter<byte> blocks = ArrayOf("thinking_blocks");
        if (isSealed)
        {
            blocks.Write("{\"type\":\"redacted_thinking\",\"data\":\""u8);
            blocks.Write(escaped);
            blocks.Write("\"}"u8);
            return;
        }

        blocks.Write("{\"type\":\"thinking\",\"thinking\":\""u8);
        blocks.Write(_thinking.Escaped);
        blocks.Write("\",\"signature\":\""u8);
        blocks.Write(escaped);
        blocks.Write("\"}"u8);
        _thinking.Clear();
    }

    public void Add(string name, ReadOnlySpan<byte> json) => ArrayOf(name).Write(json);

    /// <summary>The members, separated by commas, without braces.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        bool isFirst = true;
        foreach ((string name, ArrayBufferWriter<byte> items) in _arrays)
        {
            output.Write(isFirst ? "\""u8 : ",\""u8);
            output.Write(Encoding.UTF8.GetBytes(name));
            output.Write("\":["u8);
            output.Write(items.WrittenSpan);
            output.Write("]"u8);
            isFirst = false;
        }
    }

    private ArrayBufferWriter<byte> ArrayOf(string name)
    {
        foreach ((string known, ArrayBufferWriter<byte> array) in _arrays)
        {
            if (known == name)
            {
                array.Write(","u8);
                return array;
            }
        }

        var items = new ArrayBufferWriter<byte>();
        _arrays.Add(new(name, items));
        return items;
    }
}
