using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Providers;

namespace LlmProxy.Forwarding;

/// <content>How a stream ends: whole, broken, without its client or with its budget; and what is then known of its usage.</content>
internal sealed partial class StreamRelay
{
    private static readonly VendorFailure OutOfBudget = new(ErrorCode.InsufficientQuota, "The budget ended before the answer did.") { IsFinal = true };

    private static readonly byte[] WhyCut = JsonSerializer.SerializeToUtf8Bytes(new { reason = OutOfBudget.Code.Wire(), message = OutOfBudget.Message });

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
        _tail?.Release(answer.Writer);
        if (OpenEnd() is not { } sink)
        {
            attempt.SettleCost(target);
            return End(OutOfBudget);
        }

        sink.Output = answer.Writer;
        if (exchange.Wishes.Metadata != true && attempt.GoesOnFrom is null)
        {
            sink.Member("llm", WhyCut); // Else it is in the object that comes anyway.
        }

        sink.Cut(_meter.Choices, attempt.OwnUsage is { } own ? own with { Output = Math.Max(own.Output, attempt.OutputSoFar) } : null);
        attempt.Usage = sink.Usage;
        attempt.SettleCost(target);
        answer.Settle();
        _ = await FlushAsync();
        clock.Stop();
        return Verdict.Answered;
    }

    /// <summary>What can write the end of the client's stream; null: too little is known of what has passed.</summary>
    private ChatSink? OpenEnd()
    {
        if (_translator.Client is { } telling)
        {
            return telling;
        }

        if (_passed is not { Response: null or { IsKnown: true } })
        {
            return null;
        }

        // The request itself is let go by now, and says nothing more that an end depends on.
        var request = new ChatRequest { Choices = Math.Min(_meter.Choices, ChatSink.MostChoices), WantsUsage = exchange.Peek is { WantsUsage: true } };
        return _passed.OpenSink(new ChatTurn(exchange, target, request, attempt), exchange.Endpoint.ChatFront!);
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
