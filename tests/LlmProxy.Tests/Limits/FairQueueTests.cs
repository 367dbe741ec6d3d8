using LlmProxy.Limits;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Limits;

/// <summary>Who goes next, where calls of several workspaces and keys wait for one gateway's place.</summary>
public sealed class FairQueueTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly LimitGate _gate;

    public FairQueueTests() => _gate = new LimitGate(_time);

    public void Dispose() => _gate.Dispose();

    [Fact]
    public async Task Waiting_WorkspacesWithWeights_GoByTheirShares()
    {
        LimitDecision running = await _gate.Reserve(Call("first", "f"));
        List<(string Who, Task<LimitDecision> Turn)> waiting = [];
        for (int i = 0; i < 40; i++)
        {
            waiting.Add(("light", _gate.Reserve(Call("light", "l"))));
        }

        for (int i = 0; i < 40; i++)
        {
            waiting.Add(("heavy", _gate.Reserve(Call("heavy", "h") with { Weight = 3 })));
        }

        List<string> order = await DrainAsync(running, waiting);

        Assert.Equal(30, order.Take(40).Count(who => who == "heavy"));
        Assert.All(order.Take(40).Chunk(4), four => Assert.Equal(3, four.Count(who => who == "heavy"))); // Mixed, not in blocks.
    }

    /// <summary>Whoever waits with one call at a time comes back each time it was served: it has no claim to be first for that.</summary>
    [Fact]
    public async Task Waiting_OneCallAtATime_GetsNoMoreThanItsShare()
    {
        LimitDecision running = await _gate.Reserve(Call("first", "f"));
        var crowd = new Queue<Task<LimitDecision>>(Enumerable.Range(0, 20).Select(_ => _gate.Reserve(Call("crowd", "c"))));
        Task<LimitDecision> lone = _gate.Reserve(Call("lone", "l"));
        int loneServed = 0;
        for (int i = 0; i < 20; i++)
        {
            running.Hold.Dispose();
            Task<LimitDecision> next = await Task.WhenAny(crowd.Peek(), lone).WaitAsync(Gates.Patience);
            running = await next;
            if (next == lone)
            {
                loneServed++;
                lone = _gate.Reserve(Call("lone", "l"));
            }
            else
            {
                _ = crowd.Dequeue();
            }
        }

        Assert.InRange(loneServed, 9, 11);
    }

    [Fact]
    public async Task Waiting_KeysOfOneWorkspace_LowerPriorityFirstThenFirstCome()
    {
        LimitDecision running = await _gate.Reserve(Call("team", "first"));
        List<(string, Task<LimitDecision>)> waiting =
        [
            ("batch-1", _gate.Reserve(Call("team", "batch") with { Priority = 10 })),
            ("batch-2", _gate.Reserve(Call("team", "batch") with { Priority = 10 })),
            ("people-1", _gate.Reserve(Call("team", "people"))),
            ("batch-urgent", _gate.Reserve(Call("team", "batch") with { Priority = -1 })),
            ("people-2", _gate.Reserve(Call("team", "people"))),
        ];

        Assert.Equal(["batch-urgent", "people-1", "people-2", "batch-1", "batch-2"], await DrainAsync(running, waiting));
    }

    [Fact]
    public async Task Waiting_AWorkspaceIsFull_OthersPass()
    {
        LimitSubject full = Call("full", "a") with { Gateway = new LimitNumbers(0, 3), WorkspaceLimits = new LimitNumbers(0, 1) };
        LimitDecision held = await _gate.Reserve(full);
        Task<LimitDecision> parked = _gate.Reserve(full);
        Task<LimitDecision> parkedKey = _gate.Reserve(full with { Key = "b" });

        LimitDecision one = await _gate.Reserve(Call("other", "o") with { Gateway = new LimitNumbers(0, 3) }).Soon();
        Assert.True(one.IsAdmitted);
        Assert.False(parked.IsCompleted);

        held.Hold.Dispose();
        LimitDecision next = await parked.Soon();
        Assert.False(parkedKey.IsCompleted);
        next.Hold.Dispose();
        Assert.True((await parkedKey.Soon()).IsAdmitted);
    }

    [Fact]
    public async Task Waiting_ManyUsersOfAFullKey_AllComeInAsPlacesComeFree()
    {
        LimitSubject call = Call("team", "app") with { Gateway = default, KeyLimits = new LimitNumbers(0, 2), UserLimits = new LimitNumbers(100, 0) };
        Queue<LimitDecision> running = new([await _gate.Reserve(call with { User = "a" }), await _gate.Reserve(call with { User = "b" })]);
        List<Task<LimitDecision>> waiting = [.. Enumerable.Range(0, 50).Select(i => _gate.Reserve(call with { User = $"user-{i}" }))];

        foreach (Task<LimitDecision> turn in waiting)
        {
            Assert.False(turn.IsCompleted);
            running.Dequeue().Hold.Dispose();
            running.Enqueue(await turn.Soon());
        }

        Assert.Equal(0, _gate.Waiting);
    }

    [Fact]
    public async Task Waiting_TheFirstGivesUp_TheOneBehindItIsTried()
    {
        LimitSubject large = Gates.Tokens(100, 90) with { MaxWait = TimeSpan.FromSeconds(50) };
        await _gate.Reserve(Gates.Tokens(100, 40));
        _time.Advance(TimeSpan.FromSeconds(15));
        using var client = new CancellationTokenSource();
        Task<LimitDecision> first = _gate.ReserveAsync(large, client.Token).AsTask();
        Task<LimitDecision> small = _gate.Reserve(large with { Tokens = 10 });
        Assert.False(small.IsCompleted); // In one key nobody overtakes.

        await client.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.True((await small.Soon()).IsAdmitted);
    }

    [Fact]
    public async Task Waiting_BehindOthersUntilItsTimeIsUp_IsToldThat()
    {
        LimitDecision running = await _gate.Reserve(Call("team", "a"));
        Task<LimitDecision> waiting = _gate.Reserve(Call("team", "b") with { MaxWait = TimeSpan.FromSeconds(2) });
        Task<LimitDecision> patient = _gate.Reserve(Call("team", "b"));

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(ErrorCode.TooManyParallelRequests, (await waiting.Soon()).Refusal!.Code);
        running.Hold.Dispose();
        Assert.True((await patient.Soon()).IsAdmitted);
    }

    /// <summary>Callers of many workspaces, keys and users that come, leave and end at random: nobody is forgotten, no limit is passed.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Waiting_RandomCallers_NobodyIsForgottenAndNoPlaceIsLost(int seed)
    {
        var random = new Random(seed);
        var running = new List<(string Key, Hold Hold)>();
        var waiting = new List<(string Key, Task<LimitDecision> Turn, CancellationTokenSource Client)>();
        for (int i = 0; i < 4000; i++)
        {
            int dice = random.Next(10);
            if (dice < 5 && waiting.Count < 300)
            {
                string key = $"key-{random.Next(12)}";
                var client = new CancellationTokenSource();
                LimitSubject call = Call($"space-{key.Length + (key[^1] % 3)}", key) with
                {
                    Gateway = new LimitNumbers(0, 8),
                    WorkspaceLimits = new LimitNumbers(0, 4),
                    KeyLimits = new LimitNumbers(0, 2, 500),
                    Tokens = random.Next(0, 200),
                    User = random.Next(2) == 0 ? null : $"user-{random.Next(4)}",
                    UserLimits = new LimitNumbers(30, 0),
                    Weight = 1 + random.Next(3),
                    Priority = random.Next(3),
                    MaxWait = TimeSpan.FromSeconds(random.Next(1, 200)),
                };
                waiting.Add((key, _gate.ReserveAsync(call, client.Token).AsTask(), client));
            }
            else if (dice < 8 && running.Count > 0)
            {
                int which = random.Next(running.Count);
                running[which].Hold.Settle(random.Next(0, 150), 0);
                running.RemoveAt(which);
            }
            else if (dice == 8 && waiting.Count > 0)
            {
                await waiting[random.Next(waiting.Count)].Client.CancelAsync();
            }
            else
            {
                _time.Advance(TimeSpan.FromMilliseconds(random.Next(1, 4000)));
            }

            Collect();
            Assert.True(running.Count <= 8);
            Assert.True(running.GroupBy(r => r.Key).All(group => group.Count() <= 2));
        }

        while (waiting.Count > 0)
        {
            running.ForEach(r => r.Hold.Dispose());
            running.Clear();
            _time.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
            Collect();
        }

        Assert.Equal(0, _gate.Waiting);
        running.ForEach(r => r.Hold.Dispose());
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(8, Enumerable.Range(0, 20).Count(i => _gate.Admit(Call("end", $"k{i}") with { Gateway = new LimitNumbers(0, 8), MaxWait = default }).IsAdmitted));

        void Collect()
        {
            foreach ((string Key, Task<LimitDecision> Turn, CancellationTokenSource Client) done in waiting.Where(w => w.Turn.IsCompleted).ToList())
            {
                waiting.Remove(done);
                done.Client.Dispose();
                if (done.Turn.IsCompletedSuccessfully && done.Turn.Result.IsAdmitted)
                {
                    running.Add((done.Key, done.Turn.Result.Hold));
                }
            }
        }
    }

    /// <summary>Lets one after another run; who it was, in their order.</summary>
    private static async Task<List<string>> DrainAsync(LimitDecision running, List<(string Who, Task<LimitDecision> Turn)> waiting)
    {
        List<string> order = [];
        while (waiting.Count > 0)
        {
            running.Hold.Dispose();
            Task<LimitDecision> next = await Task.WhenAny(waiting.Select(w => w.Turn)).WaitAsync(Gates.Patience);
            int index = waiting.FindIndex(w => w.Turn == next);
            order.Add(waiting[index].Who);
            waiting.RemoveAt(index);
            running = await next;
            Assert.True(running.IsAdmitted);
        }

        return order;
    }

    private static LimitSubject Call(string workspace, string key) => new()
    {
        Gateway = new LimitNumbers(0, 1),
        Workspace = workspace,
        Key = key,
        Weight = 1,
        MaxWait = TimeSpan.FromMinutes(5),
    };
}
