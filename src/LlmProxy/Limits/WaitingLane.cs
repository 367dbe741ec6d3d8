namespace LlmProxy.Limits;

/// <summary>The waiting calls of one key, or of one user of a key that limits its users: where the first has no room, nobody behind it has.</summary>
internal sealed class WaitingLane(WaitingSpace space, LaneName name)
{
    public static readonly IComparer<WaitingLane> ByHead = Comparer<WaitingLane>.Create((left, right) => left.Head.CompareTo(right.Head));

    private static readonly IComparer<WaitingCall> ByTurn = Comparer<WaitingCall>.Create((left, right) => left.CompareTo(right));

    public WaitingSpace Space => space;

    public LaneName Name => name;

    public SortedSet<WaitingCall> Calls { get; } = new(ByTurn);

    public WaitingCall Head => Calls.Min!;

    /// <summary>Where its next call lacked room; null: it may be tried.</summary>
    public Parking? ParkedAt { get; set; }
}

internal readonly record struct LaneName(string Workspace, string Key, string? User);

/// <summary>The waiting calls of one workspace, and how much of its share it has had.</summary>
internal sealed class WaitingSpace(string name, long number, double turn)
{
    public static readonly IComparer<WaitingSpace> ByTurn = Comparer<WaitingSpace>.Create((left, right) =>
        left.Turn != right.Turn ? left.Turn.CompareTo(right.Turn) : left._number.CompareTo(right._number));

    private readonly long _number = number;

    public string Name => name;

    /// <summary>Virtual time: each call that is let in moves it on by the weight's inverse, and the earliest goes next.</summary>
    public double Turn { get; set; } = turn;

    public int Lanes { get; set; }

    /// <summary>Lanes whose next call may be tried.</summary>
    public SortedSet<WaitingLane> Ready { get; } = new(WaitingLane.ByHead);

    /// <summary>Where all of it lacked room; null: it may be tried.</summary>
    public Parking? ParkedAt { get; set; }
}

/// <summary>Who waits for room with one holder, and when the clock will make some.</summary>
internal sealed class Parking
{
    public SortedSet<WaitingLane> Lanes { get; } = new(WaitingLane.ByHead);

    public WaitingSpace? Space { get; set; }

    public bool IsEmpty => Space is null && Lanes.Count == 0;

    /// <summary>The gate will look again then.</summary>
    public TimeSpan WakeAt { get; set; } = TimeSpan.MaxValue;
}
