#pragma warning disable CA1822 // Filled in next.
using LlmProxy.Accounting.Journal;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Accounting;

/// <summary>Every admitted call's way into the books: begun before it is dispatched, settled before its answer's last bytes, on every ending once.</summary>
internal sealed class UsageLedger(CallJournal journal)
{
    private static readonly GatewayError Full = new(
        ErrorCode.JournalFull,
        "The gateway's journal of calls is full: the database that takes it in has been away for too long. The operator has to bring it back (LlmProxy:Database) or raise LlmProxy:Journal:MaxBytes.")
    {
        RetryAfter = TimeSpan.FromSeconds(5),
    };

    /// <summary>The call is admitted and its answer is known: nothing is dispatched, and one row says so when it is settled.</summary>
    public void Admit(Exchange exchange, Hold hold) => exchange.Account = new CallAccount(hold);

    /// <summary>The call is admitted and is about to be dispatched. An error says why it may not.</summary>
    public GatewayError? Begin(Exchange exchange, RoutePlan plan, Hold hold)
    {
        exchange.Account = new CallAccount(hold);
        return journal.MayBegin ? null : Full;
    }

    /// <summary>Writes the call's row and settles what it holds, with what is known now. Only the first time counts.</summary>
    public void Settle(Exchange exchange) => exchange.Account?.Hold.Dispose();
}
