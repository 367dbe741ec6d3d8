using LlmProxy.Limits;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Limits;

public sealed class UserLimitTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Users_OfOneKey_HaveAMinuteEach()
    {
        using var gate = new LimitGate(_time);
        Assert.True(gate.Admit(User("ann")).IsAdmitted);

        LimitDecision refused = gate.Admit(User("ann"));

        Assert.Equal((ErrorCode.RateLimitExceeded, "user"), (refused.Refusal!.Code, refused.Refusal.LimitedBy));
        Assert.Contains("user 'ann'", refused.Refusal.Message, StringComparison.Ordinal);
        Assert.True(gate.Admit(User("bob")).IsAdmitted);
        Assert.True(gate.Admit(User("ann") with { Key = "other" }).IsAdmitted); // Another key's ann is somebody else.
        Assert.True(gate.Admit(User("ann") with { User = null, UserLimits = default }).IsAdmitted);
    }

    /// <summary>Names are the clients' own: beyond the bound, those not remembered share one limit per key until others fall silent.</summary>
    [Fact]
    public void Users_MoreThanAreRemembered_ShareOneLimitPerKey()
    {
        using var gate = new LimitGate(_time, users: new UserHolders(most: 2));
        Assert.True(MayEnter(gate, User("ann")));
        Assert.True(MayEnter(gate, User("bob")));

        Assert.True(MayEnter(gate, User("cid")));
        Assert.False(MayEnter(gate, User("dan")));
        Assert.True(MayEnter(gate, User("eve") with { Key = "other" }));
        Assert.Equal(4, gate.Remembered);

        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.True(MayEnter(gate, User("dan")));
        Assert.True(MayEnter(gate, User("eve")));
    }

    [Fact]
    public void Users_WithNamesOfMegabytes_AreRememberedByLittleAndKeptApart()
    {
        string one = new('x', 1 << 20);
        using var gate = new LimitGate(_time);

        Assert.True(gate.Admit(User(one)).IsAdmitted);
        Assert.True(gate.Admit(User(one + "y")).IsAdmitted);
        GatewayError refusal = gate.Admit(User(one)).Refusal!;
        Assert.InRange(refusal.Message.Length, 1, 300);
    }

    [Fact]
    public async Task Waiting_OneUserIsFull_OthersOfTheKeyPass()
    {
        using var gate = new LimitGate(_time);
        LimitSubject ann = User("ann") with { MaxWait = TimeSpan.FromMinutes(2), KeyLimits = new LimitNumbers(0, 10) };
        gate.Admit(ann);
        Task<LimitDecision> waiting = gate.Reserve(ann);

        Assert.True(gate.Admit(ann with { User = "bob" }).IsAdmitted);
        Assert.False(waiting.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.True((await waiting.Soon()).IsAdmitted);
    }

    private static bool MayEnter(LimitGate gate, in LimitSubject subject)
    {
        LimitDecision decision = gate.Admit(subject);
        decision.Hold.Dispose();
        return decision.IsAdmitted;
    }

    private static LimitSubject User(string name) => new() { Key = "app", Workspace = "team", User = name, UserLimits = new LimitNumbers(1, 0) };
}
