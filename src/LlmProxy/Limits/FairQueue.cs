namespace LlmProxy.Limits;

/// <summary>
/// Whose turn is next among calls that wait: workspaces by their weights, in a workspace the lower priority, then who came
/// first. Whoever lacks room with a holder of its own is parked there and tried again when that one has room; so nobody is
/// held up by others' limits, and each try costs a few steps in sorted sets. Everything needs the gate's lock.
/// </summary>
internal sealed class FairQueue
{
    private readonly Dictionary<string, WaitingSpace> _spaces = new(StringComparer.Ordinal);
    private readonly Dictionary<LaneName, WaitingLane> _lanes = [];
    private readonly Dictionary<string, double> _left = new(StringComparer.Ordinal); // Shares already had by workspaces that wait no more.
    private readonly SortedSet<WaitingSpace> _ready = new(WaitingSpace.ByTurn);
    private double _turn;
    private long _spacesMade;

    public int Count { get; private set; }

    /// <summary>The call whose turn is next; null: nobody who could be tried waits.</summary>
    public WaitingCall? Next => _ready.Min?.Ready.Min!.Head;

    /// <param name="call">It takes its place by priority among those of its key.</param>
    /// <param name="key">Its key's holder: where others of that key already lack room, it waits behind them.</param>
    public void Add(WaitingCall call, LimitHolder? key)
    {
        ref readonly LimitSubject subject = ref call.Subject;
        string workspace = subject.Workspace ?? "";
        if (!_spaces.TryGetValue(workspace, out WaitingSpace? space))
        {
            space = new WaitingSpace(workspace, _spacesMade++, Math.Max(_turn, _left.GetValueOrDefault(workspace)));
            _spaces.Add(workspace, space);
        }

        var name = new LaneName(workspace, subject.Key ?? "", subject.User);
        if (!_lanes.TryGetValue(name, out WaitingLane? lane))
        {
            lane = new WaitingLane(space, name);
            _lanes.Add(name, lane);
            space.Lanes++;
        }
        else
        {
            Lift(lane);
        }

        call.Lane_NeedsLock = lane;
        lane.Calls.Add(call);
        Count++;
        if (lane.Head != call && lane.ParkedAt is { } where)
        {
            where.Lanes.Add(lane);
            return;
        }

        lane.ParkedAt = null;
        if (key?.Parking is { Lanes.Count: > 0 } parking && WaitingLane.ByHead.Compare(parking.Lanes.Min!, lane) < 0)
        {
            lane.ParkedAt = parking;
        }

        Put(lane);
    }

    /// <summary>Its turn has come, and is taken off its workspace's share.</summary>
    public void Served(WaitingCall call)
    {
        WaitingSpace space = call.Lane_NeedsLock!.Space;
        bool isReady = _ready.Remove(space);
        _turn = Math.Max(_turn, space.Turn);
        space.Turn += 1.0 / Math.Max(1, call.Subject.Weight);
        if (isReady)
        {
            _ready.Add(space);
        }

        Remove(call);
    }

    /// <summary>It leaves, whatever became of it. Who stood behind it is tried next.</summary>
    public void Remove(WaitingCall call)
    {
        WaitingLane lane = call.Lane_NeedsLock!;
        bool wasHead = lane.Head == call;
        Lift(lane);
        lane.Calls.Remove(call);
        call.Lane_NeedsLock = null;
        Count--;
        if (lane.Calls.Count > 0)
        {
            lane.ParkedAt = wasHead ? null : lane.ParkedAt;
            Put(lane);
            return;
        }

        _lanes.Remove(lane.Name);
        if (--lane.Space.Lanes == 0)
        {
            _spaces.Remove(lane.Space.Name);
            _left[lane.Space.Name] = lane.Space.Turn; // Else whoever waits with one call at a time would always be first.
            _ready.Remove(lane.Space);
            if (lane.Space.ParkedAt is { } parking)
            {
                parking.Space = null;
            }
        }

        if (Count == 0)
        {
            _left.Clear();
            _turn = 0; // So that the numbers never grow until they lose their fractions.
        }
    }

    /// <summary>The lane's next call has no room with this holder.</summary>
    public void Park(WaitingLane lane, LimitHolder holder)
    {
        Lift(lane);
        lane.ParkedAt = holder.Parking ??= new Parking();
        Put(lane);
    }

    /// <summary>No call of the workspace has.</summary>
    public void Park(WaitingSpace space, LimitHolder holder)
    {
        _ready.Remove(space);
        space.ParkedAt = holder.Parking ??= new Parking();
        space.ParkedAt.Space = space;
    }

    /// <summary>The holder may have room: of those parked there the first may be tried.</summary>
    public void Wake(LimitHolder? holder)
    {
        if (holder?.Parking is not { } parking)
        {
            return;
        }

        if (parking.Space is { } space)
        {
            parking.Space = null;
            space.ParkedAt = null;
            Show(space);
        }

        if (parking.Lanes.Min is { } lane)
        {
            Lift(lane);
            lane.ParkedAt = null;
            Put(lane);
        }
    }

    /// <summary>Out of the set it is sorted into, because its first call is about to change.</summary>
    private void Lift(WaitingLane lane)
    {
        if (lane.ParkedAt is { } parking)
        {
            parking.Lanes.Remove(lane);
            return;
        }

        lane.Space.Ready.Remove(lane);
        if (lane.Space.Ready.Count == 0)
        {
            _ready.Remove(lane.Space);
        }
    }

    private void Put(WaitingLane lane)
    {
        if (lane.ParkedAt is { } parking)
        {
            parking.Lanes.Add(lane);
            return;
        }

        lane.Space.Ready.Add(lane);
        Show(lane.Space);
    }

    private void Show(WaitingSpace space)
    {
        if (space.ParkedAt is null && space.Ready.Count > 0)
        {
            _ready.Add(space);
        }
    }
}
