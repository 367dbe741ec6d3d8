using System.Globalization;
using LlmProxy.Configuration.Options;
using LlmProxy.Limits;
using LlmProxy.Redis;
using LlmProxy.Tests.Limits;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Redis;

/// <summary>What Redis is told, when it is back, of calls that this process admitted alone.</summary>
public sealed class HeldCallsTests : IAsyncDisposable
{
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(20);

    private readonly FakeTimeProvider _time = new();
    private readonly List<(FakeRedis Redis, RedisWire Wire)> _uptimes = [];
    private readonly RedisLink _link;
    private readonly SettleQueue _settling;
    private readonly HeldCalls _held;

    public HeldCallsTests()
    {
        _link = new RedisLink(_time, new RedisConnector(_time, NullLogger<RedisConnector>.Instance));
        _settling = new SettleQueue(_link, _time);
        _held = new HeldCalls(_link, _settling, _time);
    }

    /// <summary>Each adoption's id, units, and the moment after which books have it.</summary>
    private IEnumerable<(string Id, long Units, long Cut)> Told => _uptimes.SelectMany(one => one.Redis.Asked).Where(words => words[0] == "EVALSHA")
        .Select(words => (words[8], long.Parse(words[10], CultureInfo.InvariantCulture), long.Parse(words[12], CultureInfo.InvariantCulture)));

    public async ValueTask DisposeAsync()
    {
        await _held.DisposeAsync();
        await _settling.DisposeAsync();
        await _link.DisposeAsync();
        foreach ((FakeRedis redis, RedisWire wire) in _uptimes)
        {
            wire.Dispose();
            await redis.DisposeAsync();
        }
    }

    [Fact]
    public async Task Away_HoweverLong_IsToldAsOneSum()
    {
        for (int i = 0; i < 5; i++)
        {
            Spend(10);
            _time.Advance(Renewal);
        }

        ComeUp();
        await UntilAsync(() => Told.Sum(sum => sum.Units) >= 50);

        Assert.Equal([50], Told.Select(sum => sum.Units));
    }

    [Fact]
    public async Task Away_TheFirstSumIsNotAnswered_KeepsItsNameAndTheRestIsOneMore()
    {
        for (int i = 1; i <= 3; i++)
        {
            Spend(10);
            ComeUp(isWell: i == 3);
            await UntilAsync(() => Told.Count() >= i);
        }

        await UntilAsync(() => Told.DistinctBy(sum => sum.Id).Sum(sum => sum.Units) >= 30);

        Assert.Equal([10, 20], Told.DistinctBy(sum => sum.Id).Select(sum => sum.Units));
    }

    [Fact]
    public async Task Settle_OfACallThatRedisMayNotKnow_SaysWhenSoThatLaterBooksAreNotAddedTo()
    {
        LimitSubject subject = Call();
        _held.IsUnanswered(subject);
        Hold hold = _held.Follow(subject, Hold.None);
        _time.Advance(TimeSpan.FromSeconds(5));
        long settled = _link.Clock.NowMs;

        hold.Settle(1, 10);
        _time.Advance(TimeSpan.FromSeconds(5));
        ComeUp();
        await UntilAsync(() => Told.Any());

        Assert.Equal([($"{subject.CallId}", 10, settled)], Told);
    }

    private static LimitSubject Call() => new()
    {
        CallId = Guid.CreateVersion7(),
        Workspace = "team",
        Key = "ci",
        KeyBudget = new BudgetNumbers(1_000_000, 0, BudgetPeriod.Total),
    };

    /// <param name="isWell">Else its first reply is its end.</param>
    private void ComeUp(bool isWell = true)
    {
        var redis = new FakeRedis { Answer = _ => isWell ? ":1\r\n" : "-ERR not now\r\n" };
        var uptime = new Uptime(TimeProvider.System, Gates.Patience); // Redis' silence is not what this is about.
        var wire = new RedisWire(redis, uptime);
        _uptimes.Add((redis, wire));
        _link.ComeUp(wire, uptime, connection: null);
    }

    private void Spend(long units) => _held.Follow(Call(), Hold.None).Settle(1, units);

    private async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(Gates.Patience);
        while (!isSo())
        {
            patience.Token.ThrowIfCancellationRequested();
            _time.Advance(Renewal);
            await Task.Yield();
        }
    }
}
