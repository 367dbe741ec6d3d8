using System.Buffers.Text;
using LlmProxy.Limits;

namespace LlmProxy.Redis;

internal enum AdmitVerdict
{
    Admitted,
    Refused,

    /// <summary>It came too late and changed nothing.</summary>
    Late,

    /// <summary>Nothing is known of what a budget's period has cost.</summary>
    Unseeded,
}

/// <summary>What Scripts/admit.lua replied.</summary>
internal sealed record AdmitReply(AdmitVerdict Verdict, long NowMs)
{
    /// <summary>Which holders' spend is not known.</summary>
    public IReadOnlyList<int> Unseeded { get; private init; } = [];

    public Shortage Shortage { get; private init; }

    public RateReport Requests { get; private init; }

    public RateReport Tokens { get; private init; }

    /// <summary>One for each holder; zero where it has no budget.</summary>
    public Spend[] Spent { get; private init; } = [];

    public static AdmitReply Read(ReadOnlySpan<byte> text, AdmitQuestion question)
    {
        var words = new Words(text);
        byte verdict = words.Next()[0];
        long now = words.Number();
        switch (verdict)
        {
            case (byte)'L':
                return new AdmitReply(AdmitVerdict.Late, now);
            case (byte)'S':
                List<int> unseeded = [];
                while (!words.IsEmpty)
                {
                    unseeded.Add((int)words.Number());
                }

                return new AdmitReply(AdmitVerdict.Unseeded, now) { Unseeded = unseeded };
            default:
                words.Next();
                return ReadHolders(ref words, question, verdict == (byte)'A' ? AdmitVerdict.Admitted : AdmitVerdict.Refused, now);
        }
    }

    private static AdmitReply ReadHolders(ref Words words, AdmitQuestion question, AdmitVerdict verdict, long now)
    {
        Shortage shortage = default;
        RateReport requests = default;
        RateReport tokens = default;
        var spent = new Spend[question.Holders.Length];
        for (int i = 0; i < spent.Length; i++)
        {
            SharedHolder holder = question.Holders[i];
            char kind = (char)words.Next()[0];
            var wait = TimeSpan.FromMilliseconds(words.Number());
            shortage = shortage.Or(Lacking(kind, wait, holder, question.Subject));
            requests = requests.Tighter(Report(holder.Limits.RequestsPerMinute, ref words));
            tokens = tokens.Tighter(Report(holder.Limits.TokensPerMinute, ref words));
            words.Next();
            spent[i] = new Spend(words.Number(), words.Number());
        }

        return new AdmitReply(verdict, now) { Shortage = shortage, Requests = requests, Tokens = tokens, Spent = spent };
    }

    private static RateReport Report(long limit, ref Words words)
    {
        long left = words.Number();
        var reset = TimeSpan.FromMilliseconds(words.Number());
        return limit == 0 ? default : new RateReport(limit, left, reset);
    }

    private static Shortage Lacking(char kind, TimeSpan wait, in SharedHolder holder, in LimitSubject subject)
    {
        LimitNumbers limits = holder.Limits;
        Shortage shortage = kind switch
        {
            'p' => new Shortage(ShortageKind.Parallel, limits.MaxParallel, wait),
            'r' => new Shortage(ShortageKind.Requests, limits.RequestsPerMinute, wait),
            't' => new Shortage(ShortageKind.Tokens, limits.TokensPerMinute, wait) { Asked = subject.Tokens },
            'l' => new Shortage(ShortageKind.TooLarge, limits.TokensPerMinute, wait) { Asked = subject.Tokens },
            'h' => new Shortage(ShortageKind.BudgetHeld, holder.Budget.Units, wait) { Asked = subject.CostUnits, IsMoney = true },
            'H' => new Shortage(ShortageKind.BudgetHeld, holder.Budget.Tokens, wait) { Asked = subject.Tokens },
            's' => new Shortage(ShortageKind.BudgetSpent, holder.Budget.Units, wait) { Asked = subject.CostUnits, IsMoney = true },
            'S' => new Shortage(ShortageKind.BudgetSpent, holder.Budget.Tokens, wait) { Asked = subject.Tokens },
            _ => default,
        };
        string? name = holder.Owner == Shortage.OwnerUser ? UserHolders.Short(subject.User!) : holder.Name;
        return shortage.IsNone ? shortage : shortage with { Owner = holder.Owner, Name = name };
    }

    /// <summary>Words with one space between them.</summary>
    private ref struct Words(ReadOnlySpan<byte> text)
    {
        private ReadOnlySpan<byte> _rest = text;

        public readonly bool IsEmpty => _rest.IsEmpty;

        public ReadOnlySpan<byte> Next()
        {
            int space = _rest.IndexOf((byte)' ');
            ReadOnlySpan<byte> word = space < 0 ? _rest : _rest[..space];
            _rest = space < 0 ? default : _rest[(space + 1)..];
            return word;
        }

        public long Number() => Utf8Parser.TryParse(Next(), out long number, out _) ? number : throw new FormatException("Redis wrote no number.");
    }
}
