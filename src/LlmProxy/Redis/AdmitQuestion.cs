using LlmProxy.Limits;
using StackExchange.Redis;

namespace LlmProxy.Redis;

/// <summary>One call's question to Redis: may it start? Scripts/admit.lua says what stands where.</summary>
internal sealed class AdmitQuestion
{
    private const int FirstHolder = 3;
    private const int GivenBefore = 8;
    private const int GivenPerHolder = 6;

    public AdmitQuestion(in LimitSubject subject, SharedHolder[] holders, RedisLink link, TimeSpan lease)
    {
        Subject = subject;
        Holders = holders;
        Keys = new RedisKey[FirstHolder + holders.Length];
        HeldCalls.NameKeys(link, Keys);
        Values = new RedisValue[GivenBefore + (holders.Length * GivenPerHolder)];
        Values[0] = HeldCalls.IdOf(subject.CallId);
        Values[2] = (long)lease.TotalMilliseconds;
        Values[3] = subject.CostUnits;
        Values[4] = subject.Tokens;
        Values[5] = subject.IsKnown ? 1 : 0;
        int at = GivenBefore;
        for (int i = 0; i < holders.Length; i++)
        {
            SharedHolder holder = holders[i];
            Keys[FirstHolder + i] = link.Key(holder.Key);
            Values[at++] = holder.Limits.RequestsPerMinute;
            Values[at++] = holder.Limits.TokensPerMinute;
            Values[at++] = holder.Limits.MaxParallel;
            Values[at++] = holder.Budget.Units;
            Values[at++] = holder.Budget.Tokens;
            Values[at++] = holder.Letter;
        }
    }

    public LimitSubject Subject { get; }

    public SharedHolder[] Holders { get; }

    public RedisKey[] Keys { get; }

    public RedisValue[] Values { get; }

    /// <summary>Until when it may be run, and the months around that moment.</summary>
    public void Stamp(DateTimeOffset now, TimeSpan life)
    {
        Values[1] = (now + life).ToUnixTimeMilliseconds();
        PeriodSpan month = PeriodSpan.Of(Configuration.Options.BudgetPeriod.Month, now);
        Values[6] = SharedHolder.DayOf(month.Start);
        Values[7] = SharedHolder.DayOf(month.End!.Value);
    }
}
