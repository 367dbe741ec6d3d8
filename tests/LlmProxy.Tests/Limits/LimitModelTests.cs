using LlmProxy.Configuration.Options;
using LlmProxy.Limits;

namespace LlmProxy.Tests.Limits;

/// <summary>Random calls against plain lists of what was admitted, held and settled, which are right by definition.</summary>
public sealed class LimitModelTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Gate_RandomCalls_PassesNoLimitAndLosesNothing(int seed)
    {
        var random = new Random(seed);
        var time = new FakeTimeProvider();
        using var gate = new LimitGate(time);
        TimeSpan now = TimeSpan.Zero;
        var admitted = new List<Call>();
        var running = new List<Call>();
        var spent = new Dictionary<string, Spend>();
        int refused = 0;
        for (int i = 0; i < 6000; i++)
        {
            TimeSpan step = TimeSpan.FromMilliseconds(random.Next(300));
            now += step;
            time.Advance(step);
            if (random.Next(2) == 0 && running.Count > 0)
            {
                End(running[random.Next(running.Count)]);
                continue;
            }

            if (random.Next(4) == 0 && running.Count > 0)
            {
                Call growing = running[random.Next(running.Count)];
                var whole = new Spend(growing.Held.Units + random.Next(50), growing.Held.Tokens + random.Next(100));
                if (growing.Hold.TryHold(whole.Tokens, whole.Units))
                {
                    growing.Held = whole;
                }

                continue;
            }

            string key = $"key-{random.Next(3)}";
            LimitSubject subject = Subject(key, tokens: random.Next(1, 400), units: random.Next(1, 300));
            LimitDecision decision = gate.Admit(subject);
            refused += decision.IsAdmitted ? 0 : 1;
            if (decision.IsAdmitted)
            {
                var call = new Call(key, now, decision.Hold) { Held = new Spend(subject.CostUnits, subject.Tokens), Reserved = subject.Tokens };
                admitted.Add(call);
                running.Add(call);
                Judge(key);
            }
        }

        Assert.InRange(refused, 100, 5000); // Both answers were given often.
        while (running.Count > 0)
        {
            End(running[^1]);
        }

        foreach ((string key, Spend settled) in spent)
        {
            BudgetStanding standing = gate.KeyBudget(Subject(key, 0, 0));
            Assert.Equal((settled, default), (standing.Spent, standing.Held));
        }

        void End(Call call)
        {
            var used = new Spend(random.NextInt64(call.Held.Units + 1), random.NextInt64(call.Held.Tokens + 1));
            call.Hold.Settle(used.Tokens, used.Units);
            call.Used = used;
            running.Remove(call);
            spent[call.Key] = spent.GetValueOrDefault(call.Key).Plus(used);
        }

        void Judge(string key)
        {
            LimitSubject subject = Subject(key, 0, 0);
            List<Call> recent = [.. admitted.Where(call => now - call.At < Minute)];
            List<Call> mine = [.. recent.Where(call => call.Key == key)];
            Assert.True(recent.Count <= subject.WorkspaceLimits.RequestsPerMinute);
            Assert.True(mine.Count <= subject.KeyLimits.RequestsPerMinute);
            Assert.True(running.Count(call => call.Key == key) <= subject.KeyLimits.MaxParallel);

            // Settled calls count what they used; running ones at least what they reserved.
            long tokens = mine.Sum(call => call.Used?.Tokens ?? call.Reserved);
            Assert.True(tokens <= subject.KeyLimits.TokensPerMinute);
            long money = spent.GetValueOrDefault(key).Units + running.Where(call => call.Key == key).Sum(call => call.Held.Units);
            Assert.True(money <= subject.KeyBudget.Units);
        }
    }

    private static LimitSubject Subject(string key, long tokens, long units) => new()
    {
        Workspace = "team",
        WorkspaceLimits = new LimitNumbers(200, 0, 0),
        Key = key,
        KeyLimits = new LimitNumbers(90, 6, 6000),
        KeyBudget = new BudgetNumbers(60_000, 0, BudgetPeriod.Total),
        Tokens = tokens,
        CostUnits = units,
    };

    private sealed class Call(string key, TimeSpan at, Hold hold)
    {
        public string Key => key;

        public TimeSpan At => at;

        public Hold Hold => hold;

        public Spend Held { get; set; }

        public long Reserved { get; init; }

        public Spend? Used { get; set; }
    }
}
