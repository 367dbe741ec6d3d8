using LlmProxy.Limits;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Limits;

public sealed class TokenLimitTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly LimitGate _gate;

    public TokenLimitTests() => _gate = new LimitGate(_time);

    public void Dispose() => _gate.Dispose();

    [Fact]
    public void Reserve_MinuteHasNoRoomForIt_RefusesWithARetryAfterThatPasses()
    {
        _gate.Admit(Gates.Tokens(100, 60));
        _time.Advance(TimeSpan.FromSeconds(20));

        LimitDecision refused = _gate.Admit(Gates.Tokens(100, 50));

        Assert.Equal(ErrorCode.RateLimitExceeded, refused.Refusal!.Code);
        Assert.Equal("tokens", refused.Refusal.LimitedBy);
        Assert.Equal(TimeSpan.FromSeconds(40), refused.Refusal.RetryAfter);
        Assert.Equal(new RateReport(100, 40, TimeSpan.FromSeconds(40)), refused.Tokens);
        Assert.True(_gate.Admit(Gates.Tokens(100, 40)).IsAdmitted); // Less had room at once.
        _time.Advance(refused.Refusal.RetryAfter!.Value);
        Assert.True(_gate.Admit(Gates.Tokens(100, 50)).IsAdmitted);
    }

    [Fact]
    public void Settle_LessThanReserved_FreesRoomAtOnce()
    {
        LimitDecision first = _gate.Admit(Gates.Tokens(100, 90));
        Assert.False(_gate.Admit(Gates.Tokens(100, 20)).IsAdmitted);

        first.Hold.Settle(30, 0);

        Assert.Equal(50, _gate.Admit(Gates.Tokens(100, 20)).Tokens.Remaining);
    }

    [Fact]
    public void Settle_MoreThanReserved_Counts()
    {
        LimitDecision first = _gate.Admit(Gates.Tokens(100, 10));

        first.Hold.Settle(95, 0);

        Assert.False(_gate.Admit(Gates.Tokens(100, 10)).IsAdmitted);
        Assert.True(_gate.Admit(Gates.Tokens(100, 5)).IsAdmitted);
    }

    [Fact]
    public void Settle_Twice_CountsTheFirst()
    {
        LimitDecision first = _gate.Admit(Gates.Tokens(100, 10));
        first.Hold.Settle(40, 0);
        first.Hold.Settle(100, 0);
        first.Hold.Dispose();

        Assert.Equal(60, _gate.Admit(Gates.Tokens(100, 0)).Tokens.Remaining);
    }

    [Fact]
    public void Dispose_Unsettled_GivesAllBack()
    {
        _gate.Admit(Gates.Tokens(100, 100)).Hold.Dispose();

        Assert.True(_gate.Admit(Gates.Tokens(100, 100)).IsAdmitted);
    }

    [Fact]
    public void TryHold_StreamGrows_CountsWhatItHasCometo()
    {
        LimitDecision stream = _gate.Admit(Gates.Tokens(100, 10));

        Assert.True(stream.Hold.TryHold(70, 0));
        Assert.False(_gate.Admit(Gates.Tokens(100, 40)).IsAdmitted);
        Assert.True(stream.Hold.TryHold(200, 0)); // A minute's limit ends no call that runs.
        stream.Hold.Settle(60, 0);
        Assert.True(_gate.Admit(Gates.Tokens(100, 40)).IsAdmitted);
    }

    [Fact]
    public void CallWithoutAPlace_IsNoneOfThoseThatRunAndIsRememberedAllTheSame()
    {
        LimitDecision use = _gate.Admit(Gates.Tokens(100, 10) with { TakesNoPlace = true });
        LimitSubject placed = Gates.Tokens(100, 10) with { KeyLimits = new LimitNumbers(0, 1, 100) };

        LimitDecision call = _gate.Admit(placed);
        Assert.True(call.IsAdmitted);
        Assert.False(_gate.Admit(placed).IsAdmitted);
        call.Hold.Dispose();

        _time.Advance(TimeSpan.FromMinutes(3));
        _gate.Admit(Gates.Tokens(100, 10, "other")).Hold.Dispose();
        Assert.Equal(2, _gate.Remembered);
        use.Hold.Settle(0, 0);
        Assert.True(_gate.Admit(placed).IsAdmitted);
    }

    /// <summary>What a long stream produces counts in the minute in which it is learnt, and what it had before has left with its minute.</summary>
    [Fact]
    public void TryHold_AfterItsMinute_CountsTheGrowthFromNow()
    {
        LimitDecision stream = _gate.Admit(Gates.Tokens(100, 80));
        _time.Advance(TimeSpan.FromSeconds(61));

        Assert.True(stream.Hold.TryHold(130, 0));

        LimitDecision other = _gate.Admit(Gates.Tokens(100, 50));
        Assert.Equal((true, 0), (other.IsAdmitted, other.Tokens.Remaining));
        stream.Hold.Settle(100, 0); // Only 50 of it stand in this minute, 30 of which were too many.
        Assert.Equal(30, _gate.Admit(Gates.Tokens(100, 0)).Tokens.Remaining);
    }

    [Fact]
    public void Settle_AfterItsMinuteWithLess_LeavesOthersAlone()
    {
        LimitDecision slow = _gate.Admit(Gates.Tokens(1000, 500));
        _time.Advance(TimeSpan.FromSeconds(61));
        _gate.Admit(Gates.Tokens(1000, 400));

        slow.Hold.Settle(0, 0);

        Assert.Equal(600, _gate.Admit(Gates.Tokens(1000, 0)).Tokens.Remaining);
    }

    [Fact]
    public void Reserve_LargerThanTheWholeLimit_IsRefusedForGoodAtOnce()
    {
        LimitDecision refused = _gate.Admit(Gates.Tokens(100, 101) with { MaxWait = TimeSpan.FromHours(1) });

        Assert.Equal(ErrorCode.RateLimitExceeded, refused.Refusal!.Code);
        Assert.Null(refused.Refusal.RetryAfter);
        Assert.False(refused.Refusal.ShouldRetry);
        Assert.Contains("101 tokens", refused.Refusal.Message, StringComparison.Ordinal);
        Assert.Contains("max_tokens", refused.Refusal.Message, StringComparison.Ordinal);
        Assert.True(_gate.Admit(Gates.Tokens(100, 100)).IsAdmitted);
    }

    [Fact]
    public void Reserve_KnownAnswer_CountsAsRequestAndTakesNoTokens()
    {
        LimitSubject subject = Gates.Tokens(100, 100) with { KeyLimits = new LimitNumbers(2, 0, 100) };
        _gate.Admit(subject);

        LimitDecision known = _gate.Admit(subject with { IsKnown = true });

        Assert.True(known.IsAdmitted);
        known.Hold.Settle(500, 0); // A row may say what the answer once used.
        Assert.Equal(0, known.Rate.Remaining);
        Assert.Equal(0, known.Tokens.Remaining);
    }

    [Fact]
    public void Reserve_SaysNotHowMuch_StillNeedsAMinuteThatIsNotUsedUp()
    {
        _gate.Admit(Gates.Tokens(100, 100));

        Assert.False(_gate.Admit(Gates.Tokens(100, 0)).IsAdmitted);
    }

    [Fact]
    public void Reserve_KeyAndWorkspace_TheTighterDecidesAndIsReported()
    {
        LimitSubject subject = Gates.Tokens(1000, 60) with { WorkspaceLimits = new LimitNumbers(0, 0, 100) };
        LimitDecision first = _gate.Admit(subject);
        Assert.Equal((100, 40), (first.Tokens.Limit, first.Tokens.Remaining));

        LimitDecision refused = _gate.Admit(subject with { Key = "other" });

        Assert.Contains("workspace 'team'", refused.Refusal!.Message, StringComparison.Ordinal);
        Assert.Equal(940, _gate.Admit(Gates.Tokens(1000, 0)).Tokens.Remaining); // The refused one left no trace with any key.
    }

    [Theory]
    [InlineData(long.MaxValue, long.MaxValue)]
    [InlineData(long.MaxValue, 1_000_000_000)]
    [InlineData(1, 1)]
    public void Reserve_NumbersAtTheirEnds_NeitherOverflowNorLeak(long limit, long tokens)
    {
        LimitSubject subject = Gates.Tokens(limit, tokens);
        LimitDecision first = _gate.Admit(subject);
        Assert.True(first.IsAdmitted);
        first.Hold.TryHold(long.MaxValue, long.MaxValue);
        first.Hold.TryHold(-5, -5);
        LimitDecision second = _gate.Admit(subject);
        first.Hold.Settle(long.MaxValue, long.MaxValue);
        Assert.False(_gate.Admit(subject).IsAdmitted);
        second.Hold.Settle(long.MinValue, long.MinValue);

        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(limit - tokens, _gate.Admit(subject).Tokens.Remaining);
    }

    [Fact]
    public async Task Waiting_ACallSettlesForLess_LetsTheNextIn()
    {
        LimitSubject subject = Gates.Tokens(100, 80) with { MaxWait = TimeSpan.FromMinutes(2) };
        LimitDecision running = await _gate.Reserve(subject);
        Task<LimitDecision> waiting = _gate.Reserve(subject);
        Assert.False(waiting.IsCompleted);

        running.Hold.Settle(20, 0);

        Assert.True((await waiting.Soon()).IsAdmitted);
    }

    [Fact]
    public void Bulkhead_TokensOfAnLlm_AreReservedAndCorrected()
    {
        var bulkhead = new Bulkhead(_time);
        var limits = new LimitNumbers(0, 0, 100);
        LimitDecision first = bulkhead.TryEnter("llama", limits, 80);
        Assert.True(first.IsAdmitted);

        LimitDecision full = bulkhead.TryEnter("llama", limits, 30);
        Assert.Equal(ErrorCode.RateLimitExceeded, full.Refusal!.Code);
        Assert.Contains("LLM 'llama'", full.Refusal.Message, StringComparison.Ordinal);
        Assert.False(bulkhead.TryEnter("llama", limits, 200).Refusal!.ShouldRetry);

        first.Hold.Settle(50, 0);
        Assert.True(bulkhead.TryEnter("llama", limits, 30).IsAdmitted);
    }
}
