using LlmProxy.Limits;

namespace LlmProxy.Redis;

/// <summary>
/// Limits and budgets that all replicas count together: one script admits a call over all its holders at once. See
/// README.md.
/// </summary>
internal sealed class SharedLimits(RedisLink link, HeldCalls held, SettleQueue settling, SpendAccounts accounts, TimeProvider time) : ISharedLimits
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

        var question = new AdmitQuestion(subject, SharedHolder.Of(subject));
        for (int tries = 0; tries < MostTries && link.IsUp; tries++)
        {
            using RedisCommand command = question.Write(Admit, link, link.Patience * 2 > ShortestLife ? link.Patience * 2 : ShortestLife);
            settling.SendAlong();
            long sentAt = time.GetTimestamp();
            if (await link.TryEvaluateAsync(Admit, command) is not { } said)
            {
                held.IsUnanswered(subject);
                return null;
            }

            var reply = AdmitReply.Read(said, question);
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
        var answer = new SharedAnswer(hold, reply.Shortage, reply.Requests, reply.Tokens) { At = DateTimeOffset.FromUnixTimeMilliseconds(reply.NowMs) };
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
