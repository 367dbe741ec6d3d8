using System.Globalization;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Limits;
using LlmProxy.Redis;
using LlmProxy.Tests.Limits;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Redis;

/// <summary>Every five minutes the books are held against what Redis says.</summary>
public sealed class SpendAccountsTests : IAsyncDisposable
{
    private static readonly SharedHolder Holder = new(Shortage.OwnerKey, "ci", default, new BudgetNumbers(1_000_000, 0, BudgetPeriod.Total));

    private readonly FakeTimeProvider _time = new();
    private readonly FakeRedis _redis = new();
    private readonly Books _books = new();
    private readonly RedisWire _wire;
    private readonly RedisLink _link;
    private readonly SpendAccounts _accounts;
    private bool _isOthersTurn;
    private long _units;
    private long _tokens;

    public SpendAccountsTests()
    {
        _redis.Answer = Answer;
        var uptime = new Uptime(TimeProvider.System, Gates.Patience); // Redis' silence is not what this is about.
        _wire = new RedisWire(_redis, uptime);
        _link = new RedisLink(_time, new RedisConnector(_time, NullLogger<RedisConnector>.Instance));
        _link.ComeUp(_wire, uptime, connection: null);
        _accounts = new SpendAccounts(_link, new SnapshotHolder(), _time, _books);
        _accounts.Heard(Holder, default, _time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    public async ValueTask DisposeAsync()
    {
        await _accounts.DisposeAsync();
        await _link.DisposeAsync();
        _wire.Dispose();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task Reconciling_WhatTheBooksHaveAndRedisMissesTwice_IsAddedOnce()
    {
        (_units, _tokens) = (100, 10);
        _books.Spent = new Spend(130, 13);

        await ReconcileAsync(times: 1);
        Assert.Equal((100, 10), (_units, _tokens)); // It may be a call that is just being settled.
        string firstLook = $"{_time.GetUtcNow().ToUnixTimeMilliseconds()}";
        await ReconcileAsync(times: 4);

        Assert.Equal((130, 13), (_units, _tokens));
        string[] adding = Assert.Single(_redis.Asked, words => words[0] == "EVALSHA" && words[6] != "0");
        Assert.Equal(firstLook, adding[10]); // What ended by then is in it.
        Assert.Equal(["SET {llmproxy}:reconciling 1 PX 240000 NX"], _redis.Asked.Where(words => words[0] == "SET").Select(words => string.Join(' ', words)));
    }

    [Fact]
    public async Task Reconciling_WhatOnlyOneLookMissed_IsNotAdded()
    {
        (_units, _tokens) = (100, 10);
        _books.Spent = new Spend(130, 13);
        await ReconcileAsync(times: 1);
        (_units, _tokens) = (130, 13); // The call was settled meanwhile.
        await ReconcileAsync(times: 1);
        _books.Spent = new Spend(150, 15); // The next one has reached the books alone.

        await ReconcileAsync(times: 1);

        Assert.Equal((130, 13), (_units, _tokens));
    }

    [Fact]
    public async Task Reconciling_RedisKnowsMoreThanTheBooks_IsNeverCorrectedDownwards()
    {
        (_units, _tokens) = (100, 10);
        _books.Spent = new Spend(30, 3);

        await ReconcileAsync(times: 4);

        Assert.Equal((100, 10), (_units, _tokens));
    }

    [Fact]
    public async Task Reconciling_InAnotherReplicasTurn_IsLeftToIt()
    {
        _books.Spent = new Spend(30, 3);
        _isOthersTurn = true;

        await ReconcileAsync(times: 4);

        Assert.Equal((0, 0), (_units, _tokens));
    }

    [Fact]
    public async Task Reconciling_BooksThatCannotBeRead_ChangesNothing()
    {
        _books.Spent = null;

        await ReconcileAsync(times: 3);

        Assert.DoesNotContain(_redis.Asked, words => words[0] == "EVALSHA");
    }

    private async Task ReconcileAsync(int times)
    {
        for (int i = 0; i < times; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(5));
            await _accounts.Reconciling.WaitAsync(Gates.Patience);
        }
    }

    /// <summary>As Scripts/seed.lua does where the period is known.</summary>
    private string? Answer(string[] words)
    {
        if (words[0] == "SET")
        {
            return _isOthersTurn ? "$-1\r\n" : "+OK\r\n";
        }

        Assert.Equal(["EVALSHA", "1", "{llmproxy}:limit:key:ci", "t", "0"], [words[0], .. words[2..6]]);
        _units += long.Parse(words[6], CultureInfo.InvariantCulture);
        _tokens += long.Parse(words[7], CultureInfo.InvariantCulture);
        return FakeRedis.Text($"{_units} {_tokens}");
    }

    private sealed class Books : ISpendReader
    {
        public Spend? Spent { get; set; }

        public ValueTask<Spend?> ReadAsync(BudgetOwner owner, string name, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellation) => new(Spent);
    }
}
