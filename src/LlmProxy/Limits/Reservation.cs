namespace LlmProxy.Limits;

/// <summary>The places one running call holds, and its tokens and money where those are counted. Given back once, on every ending; a second time changes nothing.</summary>
internal sealed class Reservation(IPlaces places, in CallHolders holders, Metering? metering) : Hold
{
    private readonly CallHolders _holders = holders;
    private IPlaces? _places = places;

    public ref readonly CallHolders Holders => ref _holders;

    public Metering? Metering => metering;

    /// <summary>Of the first holder's minute.</summary>
    public long Entry { get; init; }

    public override bool IsMetered => metering is not null;

    public override bool TryHold(long tokens, long costUnits) =>
        metering is null || Volatile.Read(ref _places) is not { } given || given.TryHold(this, tokens, costUnits);

    public override void Settle(long tokens, long costUnits) =>
        Interlocked.Exchange(ref _places, null)?.Release(this, new Spend(Math.Max(0, costUnits), Math.Max(0, tokens)));
}

/// <summary>Those whose limits one call counts for; null where they have none.</summary>
internal readonly record struct CallHolders(LimitHolder? Gateway, LimitHolder? Workspace, LimitHolder? Key, LimitHolder? User)
{
    public bool TakesNoPlace { get; init; }

    public void Leave_NeedsLock()
    {
        bool hadPlace = !TakesNoPlace;
        Gateway?.Leave(hadPlace);
        Workspace?.Leave(hadPlace);
        Key?.Leave(hadPlace);
        User?.Leave(hadPlace);
    }
}

/// <summary>Who gave a reservation and takes it back.</summary>
internal interface IPlaces
{
    bool TryHold(Reservation reservation, long tokens, long costUnits);

    void Release(Reservation reservation, Spend used);
}
