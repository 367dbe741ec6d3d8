using System.Buffers;
using LlmProxy.Forwarding;
using LlmProxy.Forwarding.Hedging;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Forwarding.Hedging;

public sealed class HedgedRunTests : IDisposable
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(200);

    private readonly FakeTimeProvider _time = new();
    private readonly Exchange _exchange;
    private readonly ClientAnswer _answer;
    private readonly Runner _first = new();
    private readonly Runner _second = new();

    public HedgedRunTests()
    {
        _exchange = Turns.Exchange("""{"model":"m","messages":[{"role":"user","content":"hi"}]}""", _time);
        _answer = new ClientAnswer(_exchange);
    }

    [Fact]
    public async Task First_EndsInTime_SecondIsNotAsked()
    {
        Task<(Verdict, Verdict?)> run = RunAsync();
        _first.End.SetResult(Verdict.Answered);

        Assert.Equal((Verdict.Answered, null), await run);
        Assert.Null(_second.Side);
    }

    [Fact]
    public async Task First_HasOutputInTime_SecondIsNotAskedHoweverLongItsStreamIs()
    {
        Task<(Verdict, Verdict?)> run = RunAsync();
        Assert.True(Claim(_first));
        _time.Advance(Delay * 100);
        await Task.Yield();
        _first.End.SetResult(Verdict.Answered);

        Assert.Equal((Verdict.Answered, null), await run);
        Assert.Null(_second.Side);
    }

    [Fact]
    public async Task First_IsSilent_SecondIsAskedAfterTheDelayAndNotBefore()
    {
        Task<(Verdict, Verdict?)> run = RunAsync();
        _time.Advance(Delay - TimeSpan.FromMilliseconds(1));
        await Task.Yield();
        Assert.Null(_second.Side);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await _second.Begun.Task;

        _first.End.SetResult(Failed);
        _second.End.SetResult(Failed);
        Assert.Equal((Failed, Failed), await run);
    }

    [Fact]
    public async Task Second_HasOutputFirst_StopsTheFirstAndNothingElse()
    {
        Task<(Verdict, Verdict?)> run = RunAsync();
        _time.Advance(Delay);
        await _second.Begun.Task;

        Assert.True(Claim(_second));
        await _first.Stopped.Task;
        Assert.False(Claim(_first));
        Assert.False(_second.Side!.IsSuperseded);
        _second.End.SetResult(Verdict.Answered);
        Assert.Equal((Verdict.Superseded, Verdict.Answered), await run);
    }

    [Fact]
    public async Task First_HasOutputAfterAll_StopsTheSecond()
    {
        Task<(Verdict, Verdict?)> run = RunAsync();
        _time.Advance(Delay);
        await _second.Begun.Task;

        Assert.True(Claim(_first));
        await _second.Stopped.Task;
        _first.End.SetResult(Verdict.Answered);
        Assert.Equal((Verdict.Answered, Verdict.Superseded), await run);
    }

    [Fact]
    public async Task First_FailsBesideTheSecond_SecondGoesOn()
    {
        Task<(Verdict, Verdict?)> run = RunAsync();
        _time.Advance(Delay);
        await _second.Begun.Task;

        _first.End.SetResult(Failed);
        Assert.True(Claim(_second));
        _second.End.SetResult(Verdict.Answered);
        Assert.Equal((Failed, Verdict.Answered), await run);
    }

    [Fact]
    public async Task Winner_Ends_ClientDoesNotWaitForASlowLoser()
    {
        var body = new SignalStream();
        _exchange.Http.Response.Body = body;
        _first.IgnoresStop = true;
        Task<(Verdict, Verdict?)> run = RunAsync();
        _time.Advance(Delay);
        await _second.Begun.Task;
        Assert.True(Claim(_second));
        _exchange.Http.Response.BodyWriter.Write("whole"u8);
        _second.End.SetResult(Verdict.Answered);
        await body.Written.Task;

        Assert.False(run.IsCompleted);
        _first.End.SetException(new ObjectDisposedException("connection"));
        Assert.Equal((Verdict.Superseded, Verdict.Answered), await run);
    }

    [Fact]
    public async Task Winner_BreaksBeforeTheLoserIsOver_AnswerStaysOpenForTheError()
    {
        _exchange.Http.Response.Body = new SignalStream();
        _first.IgnoresStop = true;
        Task<(Verdict, Verdict?)> run = RunAsync();
        _time.Advance(Delay);
        await _second.Begun.Task;
        Assert.True(Claim(_second));
        Verdict broken = Verdict.Broken(new VendorFailure(ErrorCode.ProviderError, "broke"));
        _second.End.SetResult(broken);
        await Task.Yield();
        _first.End.SetResult(Verdict.Superseded);

        Assert.Equal((Verdict.Superseded, broken), await run);
        _exchange.Http.Response.BodyWriter.Write("error"u8); // Throws where the answer was completed.
    }

    [Fact]
    public async Task Side_ThatBreaksUnsuperseded_ThrowsWhenBothAreOver()
    {
        Task<(Verdict, Verdict?)> run = RunAsync();
        _time.Advance(Delay);
        await _second.Begun.Task;

        _first.End.SetException(new InvalidOperationException("a bug"));
        Assert.False(run.IsCompleted);
        _second.End.SetResult(Failed);
        await Assert.ThrowsAsync<InvalidOperationException>(() => run);
    }

    [Fact]
    public async Task Request_LetGoAtCommit_IsHeldWhileALoserMayStillWriteIt()
    {
        Task<(Verdict, Verdict?)> run = RunAsync();
        _first.IgnoresStop = true;
        _time.Advance(Delay);
        await _second.Begun.Task;

        Assert.True(Claim(_second));
        _exchange.ReleaseBody();
        Assert.NotEqual(0, _exchange.Body!.Bytes.Length);
        _second.End.SetResult(Verdict.Answered);
        _first.End.SetResult(Verdict.Superseded);
        await run;
        Assert.Equal(0, _exchange.Body.Bytes.Length);
    }

    [Fact]
    public async Task Request_LetGoAtCommit_IsFreedWhenNobodyWasHedged()
    {
        Task<(Verdict, Verdict?)> run = RunAsync();
        Assert.True(Claim(_first));
        _exchange.ReleaseBody();
        _time.Advance(Delay);
        _first.End.SetResult(Verdict.Answered);
        await run;
        Assert.Equal(0, _exchange.Body!.Bytes.Length);
    }

    public void Dispose() => _answer.Dispose();

    private static readonly Verdict Failed = Verdict.Failed(new VendorFailure(ErrorCode.ProviderError, "no"));

    private Task<(Verdict, Verdict?)> RunAsync() => HedgedRun.RunAsync(_exchange, _answer, Delay, _first.RunAsync, _second.RunAsync);

    private bool Claim(Runner runner) => _answer.TryClaim(_exchange.BeginAttempt(null, runner.Side));

    private sealed class SignalStream : MemoryStream
    {
        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written.TrySetResult();
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>An LLM that ends when it is told to, or when it is stopped.</summary>
    private sealed class Runner
    {
        public HedgeSide? Side { get; private set; }

        public bool IgnoresStop { get; set; }

        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Stopped { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<Verdict> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Verdict> RunAsync(HedgeSide side)
        {
            Side = side;
            side.Superseded.Register(() =>
            {
                Stopped.TrySetResult();
                if (!IgnoresStop)
                {
                    End.TrySetResult(Verdict.Superseded);
                }
            });
            Begun.TrySetResult();
            return End.Task;
        }
    }
}
