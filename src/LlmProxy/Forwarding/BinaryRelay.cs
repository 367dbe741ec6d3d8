using System.Buffers;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding;

/// <summary>Carries bytes that are not text (speech): handed on as they come, begun with the first of them.</summary>
internal static class BinaryRelay
{
    private const int PieceSize = 16 * 1024;

    public static async Task<Verdict> RunAsync(
        Exchange exchange, RouteTarget target, AttemptFacts attempt, HttpResponseMessage response, Stream vendor, ClientAnswer answer, AttemptClock clock, long sentAt)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PieceSize);
        bool isCommitted = false;
        try
        {
            int read = await vendor.ReadAsync(buffer, clock.Token);
            if (read == 0)
            {
                return Verdict.Failed(TransportFailures.StreamEnded(target));
            }

            if (!answer.TryClaim(attempt))
            {
                return Verdict.Superseded;
            }

            isCommitted = true;
            attempt.WaitedTicks = exchange.Time.GetTimestamp() - sentAt;
            attempt.UnitCostUsd = UnitPrices.Cost(exchange, target, default); // By what was asked: who leaves in the middle pays it too.
            attempt.SettleCost(target);
            await answer.CommitStreamAsync(attempt, response, target, isTranslated: false);
            clock.WatchIdle(TimeSpan.FromSeconds(target.Deployment.Options.IdleTimeoutSeconds), exchange.WishedTimeLeft);
            while (read > 0)
            {
                clock.Resting();
                answer.Writer.Write(buffer.AsSpan(0, read));
                if ((await answer.Writer.FlushAsync(CancellationToken.None)).IsCompleted || exchange.Http.RequestAborted.IsCancellationRequested)
                {
                    return Verdict.ClientGone;
                }

                clock.Waiting();
                read = await vendor.ReadAsync(buffer, clock.Token);
            }

            attempt.IsWhole = true;
            answer.Settle();
            return Verdict.Answered;
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException && isCommitted)
        {
            // Bytes have no place for an error event: the client learns it from the connection.
            answer.Abort();
            return exchange.Http.RequestAborted.IsCancellationRequested && !clock.TimedOut && e is OperationCanceledException
                ? Verdict.ClientGone
                : Verdict.Broken(TransportFailures.InAnswer(target));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
