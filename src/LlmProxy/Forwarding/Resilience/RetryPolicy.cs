using LlmProxy.Configuration.Options;
using Polly;
using Polly.Retry;

namespace LlmProxy.Forwarding.Resilience;

/// <summary>
/// Asks the same LLM again after a failure that may pass. The waits are Polly's: exponential, spread at random, or what
/// the vendor advised. A call that succeeds at once never comes here.
/// </summary>
internal sealed class RetryPolicy
{
    private static readonly ResiliencePropertyKey<RetryRun> RunKey = new("llmproxy.run");

    private readonly ResiliencePipeline<Verdict> _pipeline;
    private readonly TimeSpan? _longest;

    public RetryPolicy(ResilienceOptions options, TimeProvider time)
    {
        MaxRetries = options.MaxRetries;
        _longest = options.MaxDelayMs > 0 ? TimeSpan.FromMilliseconds(options.MaxDelayMs) : null;
        _pipeline = new ResiliencePipelineBuilder<Verdict> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<Verdict>
            {
                MaxRetryAttempts = int.MaxValue, // Each call has its own number.
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(options.BaseDelayMs),
                MaxDelay = _longest,
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is null && MayAgain(RunOf(args.Context).Asked, args.Outcome.Result, args.AttemptNumber)),
                DelayGenerator = args => ValueTask.FromResult(AdvisedBy(args.Outcome.Result)),
                OnRetry = args =>
                {
                    RunOf(args.Context).Wait(args.RetryDelay);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    public int MaxRetries { get; }

    /// <summary>Whether <paramref name="verdict"/>, the one after that many retries, is worth another.</summary>
    public bool MayAgain(IRetried asked, in Verdict verdict, int retries)
    {
        if (verdict.Kind != VerdictKind.Failed || retries >= asked.MaxRetries || !FailureKinds.MayPass(verdict.Failure!) || !asked.MayAsk)
        {
            return false;
        }

        TimeSpan advised = AdvisedBy(verdict) ?? TimeSpan.Zero;
        bool isTooLong = asked.MayFollow && _longest is { } longest && advised > longest;
        return !isTooLong && advised < asked.TimeLeft;
    }

    /// <summary>Goes on from a first verdict that is worth a retry; returns the last one.</summary>
    public async Task<Verdict> AgainAsync(IRetried asked, Verdict first)
    {
        using var run = new RetryRun(asked, first);
        ResilienceContext context = ResilienceContextPool.Shared.Get(run.Token);
        context.Properties.Set(RunKey, run);
        try
        {
            Outcome<Verdict> outcome = await _pipeline.ExecuteOutcomeAsync(
                static async (_, state) => Outcome.FromResult(await state.NextAsync()), context, run);
            if (outcome.Exception is null)
            {
                return outcome.Result;
            }

            if (!run.Token.IsCancellationRequested)
            {
                outcome.ThrowIfException();
            }

            return asked.Gone.IsCancellationRequested ? Verdict.ClientGone
                : asked.Superseded.IsCancellationRequested ? Verdict.Superseded
                : run.Last;
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static RetryRun RunOf(ResilienceContext context) => context.Properties.GetValue(RunKey, null!);

    /// <summary>The vendor's advice; null where it gave none or means "now", which is no advice to one of many.</summary>
    private static TimeSpan? AdvisedBy(in Verdict verdict) => verdict.Failure?.RetryAfter is { } advised && advised > TimeSpan.Zero ? advised : null;

    /// <summary>The retries of one call at one LLM.</summary>
    private sealed class RetryRun(IRetried asked, Verdict first) : IDisposable
    {
        private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(asked.Gone, asked.Superseded, asked.Stopping);
        private bool _hasBegun;

        public IRetried Asked => asked;

        public CancellationToken Token => _stop.Token;

        public Verdict Last { get; private set; } = first;

        /// <summary>The pipeline's first try is the one that was made without it.</summary>
        public async ValueTask<Verdict> NextAsync()
        {
            if (!_hasBegun)
            {
                _hasBegun = true;
                return Last;
            }

            return Last = await asked.AskAsync();
        }

        /// <summary>A wait that the call's deadline would cut is not begun.</summary>
        public void Wait(TimeSpan delay)
        {
            if (delay >= asked.TimeLeft)
            {
                _stop.Cancel();
            }
            else
            {
                asked.Waiting(delay);
            }
        }

        public void Dispose() => _stop.Dispose();
    }
}
