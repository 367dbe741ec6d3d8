using LlmProxy.Accounting.Journal;
using LlmProxy.Conversation.Shortening;
using LlmProxy.Limits;
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
    public void Admit(Exchange exchange, Hold hold) => exchange.Account ??= new CallAccount(exchange, hold, journal);

    /// <summary>The call is admitted and is about to be dispatched. An error says why it may not.</summary>
    public GatewayError? Begin(Exchange exchange, RouteTarget first, Hold hold)
    {
        if (!journal.MayBegin)
        {
            return Full;
        }

        exchange.Account = new CallAccount(exchange, hold, journal);
        bool isMetered = hold != Hold.None;
        exchange.Account.Begin(first, isMetered ? PromptSize.Estimate(exchange) : PromptSize.Quickly(exchange), isMetered ? ExpectedOutput.Of(exchange, first) : 0);
        return null;
    }
}
