using LlmProxy.Accounting.Journal;
using LlmProxy.Conversation.Shortening;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Accounting;

/// <summary>
/// One admitted call's account: what it holds of limits and budgets, how far it has come, and its one row. It grows with
/// the call and is closed before the answer's last bytes go out.
/// </summary>
internal sealed class CallAccount(Exchange exchange, Hold hold, CallJournal journal) : IRunningCall
{
    /// <summary>A stream asks for more before it has used up what it holds: the answer may take a round trip.</summary>
    private const int StepsPerReservation = 4;

    private RouteTarget? _target;
    private CallRow? _draft;
    private bool _isCounted;
    private long _prompt;
    private long _heldOutput;
    private long _output;
    private long _told = -1;

    public Hold Hold => hold;

    /// <summary>The call's row; null until it is settled.</summary>
    public CallRow? Row { get; private set; }

    /// <summary>Whether its answer may have to end because a budget does.</summary>
    public bool IsMetered { get; init; }

    /// <summary>Its budget ended before its answer did.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Tokens of the prompt, as counted here; most calls never need to know.</summary>
    public long PromptTokens
    {
        get
        {
            if (!_isCounted && exchange.Body is { Bytes.Length: > 0 })
            {
                _prompt = PromptSize.Quickly(exchange);
                _isCounted = true;
            }

            return _prompt;
        }
    }

    /// <summary>What the running LLM has said so far, in tokens as counted here.</summary>
    public long Output => Volatile.Read(ref _output);

    /// <summary>The first LLM is about to be asked.</summary>
    public void Begin(RouteTarget first, long prompt, long expectedOutput)
    {
        _target = first;
        _prompt = prompt;
        _isCounted = IsMetered;
        _heldOutput = IsMetered ? expectedOutput : long.MaxValue;
        _draft = CallRows.Draft(exchange, first, new TokenUsage(prompt, 0, 0, 0, 0));
        journal.Begin(_draft, this);
    }

    /// <summary>Another LLM is about to be asked. False: the budget has no room for it.</summary>
    public bool TryMove(RouteTarget next)
    {
        if (_target is null || next == _target)
        {
            return true;
        }

        if (IsMetered && !hold.TryHold(_prompt + _heldOutput, exchange.LostCostUnits + CostOf(next, _heldOutput)))
        {
            return false;
        }

        _target = next;
        Volatile.Write(ref _output, 0);
        _draft = CallRows.Draft(exchange, next, new TokenUsage(_prompt, 0, 0, 0, 0));
        journal.Changed(_draft);
        return true;
    }

    /// <summary>The running LLM has come to so many tokens. False: the budget ends here, and so does the answer.</summary>
    public bool MayGoOn(long output)
    {
        Volatile.Write(ref _output, output);
        if (output < _heldOutput)
        {
            return true;
        }

        long more = output + Math.Max(exchange.Snapshot.Options.Limits.ExpectedOutputTokens / StepsPerReservation, 1);
        if (!hold.TryHold(_prompt + more, exchange.LostCostUnits + CostOf(_target!, more)))
        {
            IsCut = true;
            return false;
        }

        _heldOutput = more;
        return true;
    }

    public bool TryTell(out CallProgress progress)
    {
        long output = Output;
        progress = default;
        if (output == _told || _target is not { } target)
        {
            return false;
        }

        _told = output;
        var usage = new TokenUsage(_prompt, 0, 0, output, 0);
        progress = new CallProgress(usage, UsageSource.Estimated, PriceBook.Cost(target.Facts, target.Deployment.IsLocal, usage) + exchange.LostCostUsd);
        return true;
    }

    /// <summary>Writes the row with what is known now, and gives back what was not used. Only the first time counts.</summary>
    public void Settle()
    {
        if (Row is not null)
        {
            return;
        }

        if (exchange.HasRivals)
        {
            exchange.CountRivals(PromptTokens);
        }

        Row = CallRows.Of(exchange, _draft);
        journal.Settle(Row);
        hold.Settle(Row.Usage.Total, Money.ToUnits(Row.CostUsd) ?? 0);
    }

    private long CostOf(RouteTarget target, long output) =>
        Money.ToUnits(PriceBook.Cost(target.Facts, target.Deployment.IsLocal, new TokenUsage(_prompt, 0, 0, output, 0))) ?? 0;
}
