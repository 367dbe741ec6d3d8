namespace LlmProxy.Limits;

/// <summary>The places one running call holds. Given back once, on every ending; a second time changes nothing.</summary>
internal sealed class Reservation : Hold
{
    private readonly LimitHolder? _first;
    private readonly LimitHolder? _second;
    private readonly LimitHolder? _third;
    private IPlaces? _places;

    public Reservation(IPlaces? places, LimitHolder? first, LimitHolder? second, LimitHolder? third)
    {
        _places = places;
        _first = first;
        _second = second;
        _third = third;
    }

    public override bool TryHold(long tokens, long costUnits) => true;

    public override void Settle(long tokens, long costUnits) => Interlocked.Exchange(ref _places, null)?.Release(this);

    /// <summary>The LLM's, where it is an LLM that was entered.</summary>
    public LimitHolder? First => _first;

    public void Leave_NeedsLock()
    {
        _first?.Leave();
        _second?.Leave();
        _third?.Leave();
    }
}

/// <summary>Who gave a reservation and takes it back.</summary>
internal interface IPlaces
{
    void Release(Reservation reservation);
}
