using LlmProxy.Limits;

namespace LlmProxy.Redis;

/// <summary>One call's question to Redis: may it start? Scripts/admit.lua says what stands where.</summary>
internal sealed class AdmitQuestion(in LimitSubject subject, SharedHolder[] holders)
{
    public LimitSubject Subject { get; } = subject;

    public SharedHolder[] Holders => holders;

    /// <param name="script">Scripts/admit.lua.</param>
    /// <param name="link">Whose names and time it is written in.</param>
    /// <param name="life">How long it may be under way: later it changes nothing.</param>
    public RedisCommand Write(RedisScript script, RedisLink link, TimeSpan life)
    {
        DateTimeOffset now = link.Clock.Now;
        PeriodSpan month = PeriodSpan.Of(Configuration.Options.BudgetPeriod.Month, now);
        var command = RedisCommand.Evaluate(script, HeldCalls.Keys + holders.Length);
        HeldCalls.NameKeys(link, command);
        foreach (ref readonly SharedHolder holder in holders.AsSpan())
        {
            command.Add(link.Prefix, holder.Key);
        }

        command.Add(Subject.CallId)
            .Add((now + life).ToUnixTimeMilliseconds())
            .Add((long)HeldCalls.Lease.TotalMilliseconds)
            .Add(Subject.CostUnits)
            .Add(Subject.Tokens)
            .Add(Subject.IsKnown ? 1 : 0)
            .Add(SharedHolder.DayOf(month.Start))
            .Add(SharedHolder.DayOf(month.End!.Value));
        foreach (ref readonly SharedHolder holder in holders.AsSpan())
        {
            command.Add(holder.Limits.RequestsPerMinute)
                .Add(holder.Limits.TokensPerMinute)
                .Add(holder.TakesNoPlace ? -1 : holder.Limits.MaxParallel)
                .Add(holder.Budget.Units)
                .Add(holder.Budget.Tokens)
                .Add(holder.Letter);
        }

        return command;
    }
}
