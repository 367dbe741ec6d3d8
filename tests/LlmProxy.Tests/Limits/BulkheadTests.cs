using LlmProxy.Limits;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Limits;

public sealed class BulkheadTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30); // Of the real clock, so that a lost call fails instead of hanging.
    private readonly FakeTimeProvider _time = new();
    private readonly Bulkhead _bulkhead;

    public BulkheadTests() => _bulkhead = new Bulkhead(_time);

    [Fact]
    public void Enter_WithoutLimits_CostsNothing()
    {
        _bulkhead.TryEnter("gpt", default);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            _bulkhead.TryEnter("gpt", default).Hold.Dispose();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, _bulkhead.Remembered);
    }

    [Fact]
    public void Llm_Full_SaysWhichAndLeavesTheOthersAlone()
    {
        LimitDecision entered = _bulkhead.TryEnter("llama", new LimitNumbers(0, 1));

        LimitDecision full = _bulkhead.TryEnter("llama", new LimitNumbers(0, 1));
        Assert.Equal(ErrorCode.TooManyParallelRequests, full.Refusal!.Code);
        Assert.Contains("LLM 'llama'", full.Refusal.Message, StringComparison.Ordinal);
        Assert.True(_bulkhead.TryEnter("qwen", new LimitNumbers(0, 1)).IsAdmitted);

        entered.Hold.Dispose();
        Assert.True(_bulkhead.TryEnter("llama", new LimitNumbers(0, 1)).IsAdmitted);
    }

    [Fact]
    public void Llm_MinuteIsUsedUp_SaysWhenItHasRoomAgain()
    {
        Assert.True(_bulkhead.TryEnter("llama", new LimitNumbers(1, 0)).IsAdmitted);
        _time.Advance(TimeSpan.FromSeconds(15));

        Assert.Equal(TimeSpan.FromSeconds(45), _bulkhead.TryEnter("llama", new LimitNumbers(1, 0)).Refusal!.RetryAfter);
    }

    [Fact]
    public async Task Waiting_PlaceComesFree_GoesToTheFirstInLine()
    {
        LimitDecision running = await Enter();
        Task<LimitDecision> first = Enter();
        Task<LimitDecision> second = Enter();
        Assert.False(first.IsCompleted);

        _time.Advance(TimeSpan.FromMilliseconds(100));
        running.Hold.Dispose();

        LimitDecision admitted = await Soon(first);
        Assert.True(admitted.IsAdmitted);
        Assert.Equal(100, admitted.WaitedMs);
        Assert.False(second.IsCompleted);
        Assert.False(_bulkhead.TryEnter("llama", new LimitNumbers(0, 2)).IsAdmitted); // Nobody overtakes the second.
        admitted.Hold.Dispose();
        Assert.True((await Soon(second)).IsAdmitted);
    }

    [Fact]
    public async Task Waiting_TimeIsUp_IsRefusedAndHoldsNothing()
    {
        LimitDecision running = await Enter();
        Task<LimitDecision> waiting = Enter();

        _time.Advance(TimeSpan.FromMilliseconds(250));

        LimitDecision refused = await Soon(waiting);
        Assert.Equal(ErrorCode.TooManyParallelRequests, refused.Refusal!.Code);
        Assert.Equal(250, refused.WaitedMs);
        running.Hold.Dispose();
        Assert.True(_bulkhead.TryEnter("llama", new LimitNumbers(0, 1)).IsAdmitted);
    }

    [Fact]
    public async Task Waiting_ClientLeaves_TheNextOneMovesUp()
    {
        using var gone = new CancellationTokenSource();
        LimitDecision running = await Enter();
        Task<LimitDecision> leaver = Enter(gone.Token);
        Task<LimitDecision> next = Enter();

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Soon(leaver));
        running.Hold.Dispose();

        Assert.True((await Soon(next)).IsAdmitted);
    }

    [Fact]
    public async Task Idle_AfterAMinute_IsForgotten()
    {
        (await Enter()).Hold.Dispose();
        _time.Advance(TimeSpan.FromMinutes(2));

        _bulkhead.TryEnter("qwen", new LimitNumbers(0, 1)).Hold.Dispose();

        Assert.Equal(1, _bulkhead.Remembered);
    }

    private Task<LimitDecision> Enter(CancellationToken gone = default) =>
        _bulkhead.EnterAsync("llama", new LimitNumbers(0, 1), 0, TimeSpan.FromMilliseconds(250), gone).AsTask();

    private static Task<LimitDecision> Soon(Task<LimitDecision> task) => task.WaitAsync(Patience);
}
