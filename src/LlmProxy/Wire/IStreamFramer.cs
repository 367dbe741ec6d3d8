namespace LlmProxy.Wire;

/// <summary>Finds whole events in a buffer that its caller owns and grows. One instance per stream.</summary>
internal interface IStreamFramer
{
    /// <summary>
    /// Reads the first event of <paramref name="buffer"/>, which starts at the first byte not consumed yet and holds
    /// everything that a call before it held. With <paramref name="ended"/> nothing follows: what is left is an event too.
    /// </summary>
    bool TryRead(ReadOnlySpan<byte> buffer, bool ended, out int consumed, out StreamFrame frame);

    /// <summary>Bytes of events that are not whole yet and that it has taken out of its caller's buffer.</summary>
    int Held => 0;
}
