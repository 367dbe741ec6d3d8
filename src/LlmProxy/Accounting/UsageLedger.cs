using LlmProxy.Accounting.Journal;
using LlmProxy.Conversation.Shortening;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Accounting;

/// <summary>Every admitted call's way into the books: begun before it is dispatched, settled before its answer's last bytes, on every ending once.</summary>
internal sealed class UsageLedger(CallJournal journal)
{
    private static readonly GatewayError Full = new(
        ErrorCode.JournalFull,
        "The gateway's journal of calls is full: the database that takes it in has been away for too long. Its operator has to bring the database back (LlmProxy:Database) or give the journal more room (LlmProxy:Journal:MaxBytes).")
    {
        RetryAfter = TimeSpan.FromSeconds(5),
    };

    /// <summary>The call is admitted and nothing is dispatched for it: its answer is known, or it is refused. One row says so when it is settled.</summary>
    public void Admit(Exchange exchange) => exchange.Account ??= new CallAccount(exchange, exchange.Hold, journal);

    /// <summary>The call is admitted and is about to be dispatched. An error says why it may not.</summary>
    /// <param name="exchange">The call.</param>
    /// <param name="first">Who is asked first.</param>
    /// <param name="reservedTokens">Its prompt and the expected answer, where limits or budgets count them; else 0.</param>
    public GatewayError? Begin(Exchange exchange, RouteTarget first, long reservedTokens = 0)
    {
        if (!journal.MayBegin)
        {
            return Full;
        }

        bool isMetered = reservedTokens > 0;
        long expectedOutput = isMetered ? Math.Min(reservedTokens, ExpectedOutput.Of(exchange, first)) : 0;
        long prompt = isMetered ? reservedTokens - expectedOutput : PromptSize.ByLength(exchange);
        exchange.Account = new CallAccount(exchange, exchange.Hold, journal) { IsMetered = isMetered };
        exchange.Account.Begin(first, prompt, expectedOutput);
        return null;
    }
}
