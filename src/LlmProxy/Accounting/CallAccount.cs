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

    private Part? _part;
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
        _part = new Part(first);
        _prompt = prompt;
        _isCounted = IsMetered;
        _heldOutput = IsMetered ? expectedOutput : long.MaxValue;
        _draft = CallRows.Draft(exchange, first, new TokenUsage(prompt, 0, 0, 0, 0));
        journal.Begin(_draft, this);
    }

    /// <summary>Another LLM is about to be asked. False: the budget has no room for it.</summary>
    public bool TryMove(RouteTarget next) => _part is not { } part || next == part.Target || TryMove(new Part(next));

    /// <summary>The same for one that goes on with the answer of those who left off: what they used is not used up again.</summary>
    public bool TryGoOn(RouteTarget next, TokenUsage before, decimal? costBefore, decimal knownCostBefore) =>
        _part is null || TryMove(new Part(next) { Before = before, CostBefore = costBefore, UnitsBefore = Money.ToUnits(knownCostBefore) });

    /// <summary>Another LLM is about to be asked beside the running one. False: the budget has no room for both.</summary>
    public bool TryBeside(RouteTarget next)
    {
        if (_part is not { } part || next == part.Target)
        {
            return true;
        }

        Part other = new(next);
        return MayBeAsked(next)
            && (!IsMetered || hold.TryHold(Tokens(part, _heldOutput) + Tokens(other, _heldOutput), exchange.LostCostUnits + CostOf(part, _heldOutput) + CostOf(other, _heldOutput)));
    }

    /// <summary>Of two that were asked side by side this one gives the answer.</summary>
    public void Answers(RouteTarget target)
    {
        if (_part is { } part && target != part.Target)
        {
            Enter(new Part(target), exchange.AttemptsBegun);
        }
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
        if (!TryHold(_part!, more))
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
        if (output == _told || _part is not { } part)
        {
            return false;
        }

        _told = output;
        TokenUsage own = Own(part, output);
        progress = new CallProgress(own.Plus(part.Before), UsageSource.Estimated, part.Price(own) + part.CostBefore + exchange.LostCostUsd);
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
        hold.Settle(Row.Usage.Total, Money.ToUnits(Row.CostUsd ?? exchange.KnownCostUsd));
    }

    private bool TryMove(Part next)
    {
        if (!MayBeAsked(next.Target) || (IsMetered && !TryHold(next, _heldOutput)))
        {
            return false;
        }

        Enter(next, exchange.AttemptsBegun + 1);
        return true;
    }

    private void Enter(Part next, int attempts)
    {
        Volatile.Write(ref _output, 0);
        _part = next;
        TokenUsage own = Own(next, 0);
        _draft = CallRows.Draft(exchange, next.Target, own) with
        {
            Attempts = attempts,
            Usage = own.Plus(next.Before),
            CostUsd = next.Price(own) + next.CostBefore + exchange.LostCostUsd,
        };
        journal.Changed(_draft);
    }

    private bool TryHold(Part part, long output) => hold.TryHold(Tokens(part, output), exchange.LostCostUnits + CostOf(part, output));

    /// <summary>The price of whoever answers a call with a budget must be known where the operator says so.</summary>
    private bool MayBeAsked(RouteTarget next) => !CallLimits.NeedsPrice(exchange) || UnitPrices.IsKnown(exchange.Endpoint, next);

    private long Tokens(Part part, long output) => Own(part, output).Plus(part.Before).Total;

    private long CostOf(Part part, long output) => part.UnitsBefore + (Money.ToUnits(part.Price(Own(part, output))) ?? 0);

    /// <summary>The text so far is part of the prompt of whoever goes on with it.</summary>
    private TokenUsage Own(Part part, long output) => new(_prompt + part.Before.Output, 0, 0, output, 0);

    /// <summary>The LLM that is asked now, and what others before it have used on the same answer.</summary>
    private sealed record Part(RouteTarget Target)
    {
        public TokenUsage Before { get; init; }

        public decimal? CostBefore { get; init; } = 0m;

        public long UnitsBefore { get; init; }

        public decimal? Price(in TokenUsage own) => PriceBook.Cost(Target.Facts, Target.Deployment.IsLocal, own);
    }
}
