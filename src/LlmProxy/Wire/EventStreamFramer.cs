namespace LlmProxy.Wire;

/// <summary>
/// Finds the messages of a binary event stream (application/vnd.amazon.eventstream). A frame's event is the message's
/// event or exception type, its data the payload. Behind bytes that are no message nothing can be found any more: they
/// become one last frame named <see cref="Broken"/>.
/// </summary>
internal sealed class EventStreamFramer : IStreamFramer
{
    public const string MediaType = "application/vnd.amazon.eventstream";

    private bool _isBroken;

    /// <summary>The event of a frame whose bytes are not a message. No vendor's event is called like this.</summary>
    public static ReadOnlySpan<byte> Broken => ":broken"u8;

    public bool TryRead(ReadOnlySpan<byte> buffer, bool ended, out int consumed, out StreamFrame frame)
    {
        consumed = 0;
        frame = default;
        if (buffer.IsEmpty)
        {
            return false;
        }

        if (_isBroken)
        {
            return Give(buffer, Broken, default, isCut: false, out consumed, out frame);
        }

        if (buffer.Length < EventStreamMessage.PreludeBytes)
        {
            return ended && Give(buffer, Broken, default, isCut: true, out consumed, out frame);
        }

        int length = EventStreamMessage.LengthOf(buffer);
        if (length > buffer.Length)
        {
            return ended && Give(buffer, Broken, default, isCut: true, out consumed, out frame);
        }

        if (length == 0 || !EventStreamMessage.IsIntact(buffer[..length]) || !TryName(buffer[..length], out ReadOnlySpan<byte> name))
        {
            _isBroken = true;
            return Give(buffer, Broken, default, isCut: false, out consumed, out frame);
        }

        ReadOnlySpan<byte> message = buffer[..length];
        int payload = EventStreamMessage.PayloadStart(message);
        consumed = length;
        frame = new StreamFrame(message, name, message[payload..^EventStreamMessage.CrcBytes], hasData: true, payload);
        return true;
    }

    private static bool Give(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> name, ReadOnlySpan<byte> data, bool isCut, out int consumed, out StreamFrame frame)
    {
        consumed = raw.Length;
        frame = new StreamFrame(raw, name, data, hasData: false, isCut: isCut);
        return true;
    }

    /// <summary>False where the headers are not headers. What has neither type is nameless and will be skipped.</summary>
    private static bool TryName(ReadOnlySpan<byte> message, out ReadOnlySpan<byte> name)
    {
        name = default;
        ReadOnlySpan<byte> rest = message[EventStreamMessage.PreludeBytes..EventStreamMessage.PayloadStart(message)];
        while (EventStreamMessage.TryReadHeader(ref rest, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> text))
        {
            if (key.SequenceEqual(":event-type"u8) || key.SequenceEqual(":exception-type"u8) || key.SequenceEqual(":error-code"u8))
            {
                name = text;
            }
        }

        return rest.IsEmpty;
    }
}
