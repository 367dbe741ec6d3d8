using LlmProxy.Pipeline;

namespace LlmProxy.Forwarding.Hedging;

/// <summary>
/// Asks one LLM, and beside it the next when the first has no output after a while. Not Polly's hedging: there an attempt
/// wins by ending, here by its first output, and its stream goes on for minutes after the loser was stopped.
/// </summary>
internal static class HedgedRun
{
    /// <param name="exchange">The call.</param>
    /// <param name="answer">The first side to claim it has won.</param>
    /// <param name="delay">How long the first LLM may be silent.</param>
    /// <param name="first">Runs the first LLM to its end, retries included, and stops when its side is superseded.</param>
    /// <param name="second">The same for the LLM that comes next; null: there is none that may be asked now.</param>
    /// <returns>How each ended; null for a second that was not asked.</returns>
    public static async Task<(Verdict First, Verdict? Second)> RunAsync(
        Exchange exchange, ClientAnswer answer, TimeSpan delay, Func<HedgeSide, Task<Verdict>> first, Func<HedgeSide, Task<Verdict>?> second)
    {
        // Made on first use, and not made for two first users at once.
        _ = exchange.Http.RequestServices;
        _ = exchange.Http.Request.Query;
        exchange.Http.Features.Set(exchange);
        (HedgeSide one, HedgeSide other) = HedgeSide.Pair(exchange);
        await using (one)
        await using (other)
        {
            Task<Verdict> running = first(one);
            if (await EndsWithinAsync(running, delay, exchange.Time) || answer.IsClaimed || exchange.Aborted.IsCancellationRequested)
            {
                other.LetGoOfBody();
                return (await running, null);
            }

            Task<Verdict>? hedge = second(other);
            if (hedge is null)
            {
                other.LetGoOfBody();
                return (await running, null);
            }

            await Task.WhenAny(running, hedge);
            if (HasAnswered(one, running) || HasAnswered(other, hedge))
            {
                // The loser may need a moment to end. The client does not wait for it; one whose answer broke is still to be told.
                await answer.CompleteAsync();
            }

            // Nothing may go on behind the call's end: it would read what the next call writes.
            Task both = Task.WhenAll(running, hedge);
            await both.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return (await EndOfAsync(running, one), await EndOfAsync(hedge, other));
        }
    }

    private static async Task<bool> EndsWithinAsync(Task task, TimeSpan delay, TimeProvider time)
    {
        if (task.IsCompleted)
        {
            return true;
        }

        using var enough = new CancellationTokenSource();
        Task first = await Task.WhenAny(task, Task.Delay(delay, time, enough.Token));
        await enough.CancelAsync();
        return first == task;
    }

    private static bool HasAnswered(HedgeSide side, Task<Verdict> ended) =>
        side.HasWon && ended.IsCompletedSuccessfully && ended.Result.Kind == VerdictKind.Answered;

    /// <summary>However it took being stopped, it was stopped.</summary>
    private static async Task<Verdict> EndOfAsync(Task<Verdict> ended, HedgeSide side) =>
        side.IsSuperseded && !ended.IsCompletedSuccessfully ? Verdict.Superseded : await ended;
}
