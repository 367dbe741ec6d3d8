using LlmProxy.Configuration.Options;
using LlmProxy.Forwarding;
using LlmProxy.Forwarding.Resilience;
using LlmProxy.Pipeline;
using LlmProxy.Providers;

namespace LlmProxy.Tests.Forwarding.Resilience;

public sealed class RetryPolicyTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30); // Of the real clock, so that a lost call fails instead of hanging.
    private static readonly Verdict Broken = Verdict.Failed(new VendorFailure(ErrorCode.ProviderError, "500"));
    private readonly FakeTimeProvider _time = new();
    private readonly RetryPolicy _policy;

    public RetryPolicyTests() => _policy = new RetryPolicy(new ResilienceOptions { BaseDelayMs = 1000, MaxDelayMs = 8000 }, _time);

    [Theory]
    [InlineData(ErrorCode.RateLimitExceeded, true)]
    [InlineData(ErrorCode.ProviderError, true)]
    [InlineData(ErrorCode.ProviderUnreachable, true)]
    [InlineData(ErrorCode.ProviderTimeout, true)]
    [InlineData(ErrorCode.InvalidProviderResponse, false)]
    [InlineData(ErrorCode.ProviderAuthFailed, false)]
    [InlineData(ErrorCode.ProviderQuotaExhausted, false)]
    [InlineData(ErrorCode.ModelNotFound, false)]
    [InlineData(ErrorCode.InvalidValue, false)]
    [InlineData(ErrorCode.ContextLengthExceeded, false)]
    [InlineData(ErrorCode.BodyTooLarge, false)]
    internal void Failure_IsRetried_WhereItMayPass(ErrorCode code, bool expected)
    {
        var asked = new Scripted();

        Assert.Equal(expected, _policy.MayAgain(asked, Verdict.Failed(new VendorFailure(code, "failed")), 0));
        Assert.False(_policy.MayAgain(asked, Verdict.Failed(new VendorFailure(code, "failed") { WontPass = true }), 0));
    }

    [Fact]
    public void Retries_AsManyAsWished_AndNoMore()
    {
        var asked = new Scripted { MaxRetries = 1 };

        Assert.True(_policy.MayAgain(asked, Broken, 0));
        Assert.False(_policy.MayAgain(asked, Broken, 1));
        asked.MaxRetries = 0;
        Assert.False(_policy.MayAgain(asked, Broken, 0));
    }

    [Fact]
    public void Retry_AfterTheBreakerOpened_IsNotTried()
    {
        Assert.False(_policy.MayAgain(new Scripted { MayAsk = false }, Broken, 0));
    }

    [Theory]
    [InlineData(7, true, true)]
    [InlineData(9, true, false)] // Longer than MaxDelayMs: the next LLM is asked instead.
    [InlineData(9, false, true)]
    [InlineData(599, false, true)]
    [InlineData(601, false, false)] // Beyond the call's deadline.
    public void RetryAfter_IsObeyed_WhileItFits(int seconds, bool mayFollow, bool expected)
    {
        var asked = new Scripted { MayFollow = mayFollow };

        Assert.Equal(expected, _policy.MayAgain(asked, Limited(seconds), 0));
    }

    [Fact]
    public async Task Retry_SecondTrySucceeds_IsTheResult()
    {
        var asked = new Scripted(Broken, Verdict.Answered);

        Task<Verdict> running = _policy.AgainAsync(asked, Broken);
        Verdict verdict = await RunOutAsync(running);

        Assert.Equal(VerdictKind.Answered, verdict.Kind);
        Assert.Equal(2, asked.Delays.Count);
        Assert.All(asked.Delays, delay => Assert.InRange(delay, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(8)));
    }

    [Fact]
    public async Task Retry_AllFail_TheLastVerdictIsTheResult()
    {
        Verdict last = Verdict.Failed(new VendorFailure(ErrorCode.ProviderUnreachable, "the last one"));
        var asked = new Scripted(Broken, last);

        Verdict verdict = await RunOutAsync(_policy.AgainAsync(asked, Broken));

        Assert.Equal(last, verdict);
        Assert.Empty(asked.Left);
    }

    [Fact]
    public async Task Retry_OfWhatWillNotPass_Ends()
    {
        Verdict refused = Verdict.Failed(new VendorFailure(ErrorCode.InvalidValue, "400") { IsFinal = true });
        var asked = new Scripted(refused, Verdict.Answered);

        Assert.Equal(refused, await RunOutAsync(_policy.AgainAsync(asked, Broken)));
    }

    [Fact]
    public async Task RetryAfter_IsTheWait()
    {
        var asked = new Scripted(Verdict.Answered);

        Task<Verdict> running = _policy.AgainAsync(asked, Limited(7));
        _time.Advance(TimeSpan.FromSeconds(6.9));
        Assert.False(running.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal(VerdictKind.Answered, (await running.WaitAsync(Patience)).Kind);
        Assert.Equal([TimeSpan.FromSeconds(7)], asked.Delays);
    }

    [Fact]
    public async Task RetryAfter_Zero_IsNoAdviceToOneOfMany()
    {
        var asked = new Scripted(Verdict.Answered);

        await RunOutAsync(_policy.AgainAsync(asked, Limited(0)));

        Assert.True(Assert.Single(asked.Delays) > TimeSpan.Zero);
    }

    [Fact]
    public async Task Delays_GrowAndDiffer()
    {
        var firsts = new List<TimeSpan>();
        var thirds = new List<TimeSpan>();
        for (int i = 0; i < 50; i++)
        {
            var asked = new Scripted(Broken, Broken, Broken) { MaxRetries = 3 };
            await RunOutAsync(_policy.AgainAsync(asked, Broken));
            firsts.Add(asked.Delays[0]);
            thirds.Add(asked.Delays[2]);
        }

        Assert.True(firsts.Distinct().Count() > 10);
        Assert.True(thirds.Average(d => d.TotalSeconds) > 1.5 * firsts.Average(d => d.TotalSeconds));
        Assert.All(thirds, delay => Assert.True(delay <= TimeSpan.FromSeconds(8)));
    }

    [Fact]
    public async Task Delay_LongerThanWhatIsLeft_IsNotWaited()
    {
        var asked = new Scripted(Verdict.Answered) { TimeLeft = TimeSpan.FromTicks(1) };

        Verdict verdict = await _policy.AgainAsync(asked, Broken).WaitAsync(Patience); // The clock stands still: nothing may wait for it.

        Assert.Equal(Broken, verdict);
        Assert.Single(asked.Left);
        Assert.Empty(asked.Delays);
    }

    [Fact]
    public async Task Client_LeavesDuringTheWait_EndsItAtOnce()
    {
        using var gone = new CancellationTokenSource();
        var asked = new Scripted(Verdict.Answered) { Gone = gone.Token };
        Task<Verdict> running = _policy.AgainAsync(asked, Broken);
        Assert.False(running.IsCompleted);

        await gone.CancelAsync();

        Assert.Equal(Verdict.ClientGone, await running.WaitAsync(Patience));
        Assert.Single(asked.Left);
    }

    [Fact]
    public async Task AnotherLlm_AnswersDuringTheWait_EndsItAtOnce()
    {
        using var won = new CancellationTokenSource();
        var asked = new Scripted(Verdict.Answered) { Superseded = won.Token };
        Task<Verdict> running = _policy.AgainAsync(asked, Broken);

        await won.CancelAsync();

        Assert.Equal(Verdict.Superseded, await running.WaitAsync(Patience));
        Assert.Single(asked.Left);
    }

    [Fact]
    public async Task Gateway_StopsDuringTheWait_TheFailureStands()
    {
        using var stop = new CancellationTokenSource();
        var asked = new Scripted(Verdict.Answered) { Stopping = stop.Token };
        Task<Verdict> running = _policy.AgainAsync(asked, Broken);

        await stop.CancelAsync();

        Assert.Equal(Broken, await running.WaitAsync(Patience));
    }

    [Fact]
    public async Task Ask_Throws_TheCallerSeesIt()
    {
        var asked = new Scripted();

        Task<Verdict> running = _policy.AgainAsync(asked, Broken);

        await Assert.ThrowsAsync<InvalidOperationException>(() => RunOutAsync(running));
    }

    private static Verdict Limited(int seconds) =>
        Verdict.Failed(new VendorFailure(ErrorCode.RateLimitExceeded, "429") { RetryAfter = TimeSpan.FromSeconds(seconds) });

    private async Task<Verdict> RunOutAsync(Task<Verdict> running)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!running.IsCompleted && !limit.IsCancellationRequested)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            await Task.WhenAny(running, Task.Delay(1));
        }

        return await running.WaitAsync(Patience);
    }

    private sealed class Scripted(params Verdict[] verdicts) : IRetried
    {
        public Queue<Verdict> Left { get; } = new(verdicts);

        public List<TimeSpan> Delays { get; } = [];

        public int MaxRetries { get; set; } = 2;

        public bool MayFollow { get; init; }

        public bool MayAsk { get; init; } = true;

        public TimeSpan TimeLeft { get; init; } = TimeSpan.FromSeconds(600);

        public CancellationToken Gone { get; init; }

        public CancellationToken Superseded { get; init; }

        public CancellationToken Stopping { get; init; }

        public Task<Verdict> AskAsync() => Task.FromResult(Left.Dequeue());

        public void Waiting(TimeSpan delay) => Delays.Add(delay);
    }
}
