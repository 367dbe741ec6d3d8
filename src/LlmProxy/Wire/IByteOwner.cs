namespace LlmProxy.Wire;

/// <summary>Pooled bytes that several may be sending: they go back to the pool when the last one has let go.</summary>
internal interface IByteOwner
{
    /// <summary>Keeps the bytes while they are being sent: a vendor can answer before it has read all. False when they are gone.</summary>
    bool TryHold();

    void LetGo();
}
