namespace LlmProxy.Wire;

/// <summary>
/// One whole event of a stream (server-sent, a line of JSON, or a binary message): as it came, and what it says. Valid
/// until the buffer it was read from changes.
/// </summary>
internal readonly ref struct StreamFrame(
    ReadOnlySpan<byte> raw, ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data, bool hasData, int dataStart = -1, bool isCut = false)
{
    /// <summary>Every byte of the frame, its closing blank line included.</summary>
    public ReadOnlySpan<byte> Raw { get; } = raw;

    /// <summary>The event's name; empty when it has none.</summary>
    public ReadOnlySpan<byte> Event { get; } = eventName;

    /// <summary>The data lines joined by line feeds, without their field name.</summary>
    public ReadOnlySpan<byte> Data { get; } = data;

    /// <summary>False for comments, retry hints and blank lines.</summary>
    public bool HasData { get; } = hasData;

    /// <summary>Where Data stands in Raw; -1 when it was joined from several lines or there is none.</summary>
    public int DataStart { get; } = dataStart;

    /// <summary>The stream ended before the blank line that closes an event: nothing may be written behind these bytes as they are.</summary>
    public bool IsCut { get; } = isCut;

    /// <summary>Which of several merged streams it came from.</summary>
    public int Source { get; init; }

    /// <summary>No event at all: that stream has ended, others go on.</summary>
    public bool EndsSource { get; init; }

    public bool IsDone => Data.SequenceEqual("[DONE]"u8);
}
