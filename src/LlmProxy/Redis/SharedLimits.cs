using LlmProxy.Limits;
using StackExchange.Redis;

namespace LlmProxy.Redis;

/// <summary>
/// Limits and budgets that all replicas count together: one script admits a call over all its holders at once. See
/// design.md, "Redis, bounded".
/// </summary>
internal sealed class SharedLimits(RedisLink link, HeldCalls held, SpendAccounts accounts, TimeProvider time) : ISharedLimits
{
    /// <summary>A reserve that Redis reads later than this changes nothing.</summary>
    private static readonly TimeSpan ShortestLife = TimeSpan.FromMilliseconds(250);

    private static readonly RedisScript Admit = RedisScript.Load("common", "admit");

    /// <summary>Once as it is, once with Redis' new time or what a period has cost, and once more where both came together.</summary>
    private const int MostTries = 3;

    public bool IsConfigured => link.IsConfigured;

    public bool IsUp => link.IsUp;

    public async ValueTask<SharedAnswer?> TryAdmitAsync(LimitSubject subject)
    {
        if (Unpriced(subject) is { } unpriced)
        {
            return unpriced;
        }

        var question = new AdmitQuestion(subject, SharedHolder.Of(subject), link, HeldCalls.Lease);
        for (int tries = 0; tries < MostTries && link.IsUp; tries++)
        {
            question.Stamp(link.Clock.Now, link.Patience * 2 > ShortestLife ? link.Patience * 2 : ShortestLife);
            long sentAt = time.GetTimestamp();
            RedisResult? said = await link.TryEvaluateAsync(Admit, question.Keys, question.Values);
            if (said is null)
            {
                held.IsUnanswered(subject);
                return null;
            }

            var reply = AdmitReply.Read((string)said!, question);
            link.Clock.Heard(sentAt, reply.NowMs);
            switch (reply.Verdict)
            {
                case AdmitVerdict.Late:
                    continue;
                case AdmitVerdict.Unseeded:
                    if (!await accounts.SeedAsync(question.Holders, reply.Unseeded))
                    {
                        return null;
                    }

                    continue;
                default:
                    return Answer(question, reply);
            }
        }

        return null;
    }

    public Hold Follow(in LimitSubject subject, Hold local) => held.Follow(subject, local);

    /// <summary>Nothing that is counted decides this.</summary>
    private static SharedAnswer? Unpriced(in LimitSubject subject)
    {
        if (!subject.IsUnpriced || subject.IsKnown || (subject.KeyBudget.Units | subject.WorkspaceBudget.Units) == 0)
        {
            return null;
        }

        bool isKey = subject.KeyBudget.Units > 0;
        return new SharedAnswer(null, new Shortage(ShortageKind.Unpriced, isKey ? subject.KeyBudget.Units : subject.WorkspaceBudget.Units, TimeSpan.Zero)
        {
            Owner = isKey ? Shortage.OwnerKey : Shortage.OwnerWorkspace,
            Name = isKey ? subject.Key : subject.Workspace,
            IsMoney = true,
        }, default, default);
    }

    private SharedAnswer Answer(AdmitQuestion question, AdmitReply reply)
    {
        Hold? hold = reply.Verdict == AdmitVerdict.Admitted ? held.Add(question, reply) : null;
        var answer = new SharedAnswer(hold, reply.Shortage, reply.Requests, reply.Tokens);
        for (int i = 0; i < question.Holders.Length; i++)
        {
            SharedHolder holder = question.Holders[i];
            if (!holder.HasBudget)
            {
                continue;
            }

            accounts.Heard(holder, reply.Spent[i], reply.NowMs);
            answer = holder.BudgetOwner == BudgetOwner.Key ? answer with { KeySpend = reply.Spent[i] } : answer with { WorkspaceSpend = reply.Spent[i] };
        }

        return answer;
    }
}
