namespace LlmProxy.Wire;

/// <summary>One whole server-sent event: as it came, and what it says.</summary>
internal readonly ref struct SseFrame(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data, bool hasData)
{
    /// <summary>Every byte of the frame, its closing blank line included.</summary>
    public ReadOnlySpan<byte> Raw { get; } = raw;

    /// <summary>The event's name; empty when it has none.</summary>
    public ReadOnlySpan<byte> Event { get; } = eventName;

    /// <summary>The data lines joined by line feeds, without their field name.</summary>
    public ReadOnlySpan<byte> Data { get; } = data;

    /// <summary>False for comments, retry hints and blank lines.</summary>
    public bool HasData { get; } = hasData;

    public bool IsDone => Data.SequenceEqual("[DONE]"u8);
}
