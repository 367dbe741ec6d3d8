using System.Buffers;

namespace LlmProxy.Guards;

/// <summary>An event of a stream with the texts that stand in it now, until it can go out.</summary>
internal sealed class WaitingEvent(byte[] raw)
{
    /// <summary>What stands in place of which bytes, in order.</summary>
    public List<(int Start, int End, byte[] Text)> Edits { get; } = [];

    /// <summary>How many of its texts still wait for their next piece.</summary>
    public int Pending { get; set; }

    public void WriteTo(IBufferWriter<byte> output)
    {
        int from = 0;
        foreach ((int start, int end, byte[] text) in Edits)
        {
            output.Write(raw.AsSpan(from..start));
            output.Write(text);
            from = end;
        }

        output.Write(raw.AsSpan(from));
    }
}
