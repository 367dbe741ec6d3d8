namespace LlmProxy.Wire;

/// <summary>Counts who still needs some pooled bytes. Begins with one holder: their owner.</summary>
internal struct HoldCount()
{
    private int _holders = 1;

    public bool TryHold()
    {
        int holders = Volatile.Read(ref _holders);
        while (holders > 0)
        {
            int seen = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (seen == holders)
            {
                return true;
            }

            holders = seen;
        }

        return false;
    }

    /// <summary>True for the last one.</summary>
    public bool LetGo() => Interlocked.Decrement(ref _holders) == 0;
}
