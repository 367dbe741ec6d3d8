namespace LlmProxy.Limits;

/// <summary>
/// What one running call holds of limits and budgets: places, tokens, money. It grows with the call, and is settled once
/// with what was really used; disposed unsettled, it goes back whole.
/// </summary>
internal abstract class Hold : IDisposable
{
    /// <summary>Holds nothing: for calls that no limit applies to, and for refused ones.</summary>
    public static readonly Hold None = new NoHold();

    /// <summary>Whether tokens or money are counted: else nothing of what the call uses needs to be told.</summary>
    public virtual bool IsMetered => false;

    /// <summary>The whole that the call may use so far. False: a budget has no room for more, and what is held stays as it was.</summary>
    public abstract bool TryHold(long tokens, long costUnits);

    /// <summary>The true usage takes the reservation's place, and the call's places are free. A second time changes nothing.</summary>
    public abstract void Settle(long tokens, long costUnits);

    public void Dispose() => Settle(0, 0);

    private sealed class NoHold : Hold
    {
        public override bool TryHold(long tokens, long costUnits) => true;

        public override void Settle(long tokens, long costUnits)
        {
        }
    }
}
