using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Providers;

namespace LlmProxy.Forwarding;

/// <content>How a stream ends: whole, broken, without its client or with its budget; and what is then known of its usage.</content>
internal sealed partial class StreamRelay
{
    private Verdict End(VendorFailure? failure) => End(failure, Verdict.Answered);

    private Verdict End(VendorFailure? failure, Verdict well)
    {
        clock.Stop();
        Note();
        if (failure is null)
        {
            return _unread is null ? well : Verdict.ClientGone;
        }

        if (exchange.Http.RequestAborted.IsCancellationRequested)
        {
            return Verdict.ClientGone;
        }

        if (!_committed)
        {
            return attempt.IsSuperseded ? Verdict.Superseded : Verdict.Failed(failure);
        }

        if (attempt.SoFar is not null)
        {
            _tail?.Release(answer.Writer);
        }

        return Verdict.Broken(failure);
    }

    /// <summary>What the vendor has said of the answer so far.</summary>
    private void Note()
    {
        attempt.Usage = _translator.Usage ?? attempt.Usage;
        attempt.ReportedModel = _translator.ReportedModel ?? attempt.ReportedModel;
        attempt.OutputSoFar = OutputSoFar;
        if (attempt is { IsWhole: true, Usage: not null } && exchange.Aborted.IsCancellationRequested)
        {
            attempt.UsageSource = UsageSource.Drained;
        }
    }

    private long OutputSoFar => _translator.TextBytes is { } bytes ? (bytes + 3) / 4 : _meter.Tokens;

    /// <summary>The answer's end stands in the client's buffer, and is not on its way yet.</summary>
    private void SettleWhole()
    {
        Note();
        attempt.IsWhole = true;
        if (exchange.Endpoint.CountsTokens && attempt.Usage is null)
        {
            attempt.Estimate(exchange.Account?.PromptTokens ?? 0);
        }

        attempt.SettleCost(target);
        answer.Settle();
    }

    /// <summary>Whether the budget lets the answer go on.</summary>
    private bool MayGoOn() => exchange.Account is not { } account || !exchange.Endpoint.CountsTokens || account.MayGoOn(OutputSoFar);

    /// <summary>The client has left, and the vendor is read to its end all the same.</summary>
    private bool IsReadOn()
    {
        if (_finished || !clock.Lingers)
        {
            return false;
        }

        _unread = new PooledWriter();
        return true;
    }

    /// <summary>The budget is spent: the answer ends as one that reached its length, and the vendor is stopped.</summary>
    private async ValueTask<Verdict> CutAsync()
    {
        Note();
        attempt.Estimate(exchange.Account!.PromptTokens);
        attempt.SettleCost(target);
        if (!TryWriteBudgetEnd())
        {
            return End(BudgetEnd.Failure);
        }

        answer.Settle();
        _ = await FlushAsync();
        return End(null);
    }

    private bool TryWriteBudgetEnd()
    {
        _tail?.Release(answer.Writer);
        return BudgetEnd.TryWrite(exchange, target, attempt, _translator, answer.Writer, _first, _buffer.AsSpan(_lastStart, _lastEnd - _lastStart));
    }

    private VendorFailure ReadFailure(Exception exception)
    {
        if (exception is OperationCanceledException && clock.TimedOut)
        {
            return clock.WasIdle
                ? TransportFailures.TimedOut(target, TimeSpan.FromSeconds(target.Deployment.Options.IdleTimeoutSeconds), "sent nothing more")
                : TransportFailures.TimedOut(target, exchange.Time.GetElapsedTime(exchange.StartedAt), _committed ? "did not finish" : "sent no output");
        }

        return exception is OperationCanceledException ? Attempt.ShuttingDown : TransportFailures.InAnswer(target);
    }
}
