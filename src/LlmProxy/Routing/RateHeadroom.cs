using System.Buffers;
using System.Globalization;

namespace LlmProxy.Routing;

/// <summary>
/// How much of its rate an LLM's vendor says is left, from the headers on its answers:
/// x-ratelimit-{limit,remaining,reset}-{requests,tokens} (OpenAI and those after it) and
/// anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}.
/// </summary>
internal sealed class RateHeadroom(TimeProvider time)
{
    private const string OpenAi = "x-ratelimit-";
    private const string Anthropic = "anthropic-ratelimit-";

    /// <summary>Whoever gives no time of reset counts by the minute.</summary>
    private static readonly TimeSpan Usual = TimeSpan.FromMinutes(1);

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");
    private static readonly string[] Kinds = ["requests", "tokens", "input-tokens", "output-tokens"];

    private readonly Count[] _counts = [new(), new(), new(), new()];
    private long _limitedUntil;
    private bool _isTold;

    /// <summary>What is left of the tightest limit: 1 where nothing is known or it has been reset since, 0 while it refuses.</summary>
    public double Left
    {
        get
        {
            if (!Volatile.Read(ref _isTold))
            {
                return 1; // Asked of every LLM whenever a strategy chooses; most vendors' say nothing.
            }

            long now = time.GetTimestamp();
            if (Volatile.Read(ref _limitedUntil) > now)
            {
                return 0;
            }

            double least = 1;
            foreach (Count count in _counts)
            {
                double left = count.Left(now);
                least = left < least ? left : least;
            }

            return least;
        }
    }

    /// <summary>Takes one header of a vendor's answer; others than those above change nothing.</summary>
    public void Take(string name, string value)
    {
        if (name.StartsWith(OpenAi, StringComparison.OrdinalIgnoreCase))
        {
            // remaining-requests
            ReadOnlySpan<char> rest = name.AsSpan(OpenAi.Length);
            int dash = rest.IndexOf('-');
            if (dash > 0)
            {
                Take(KindOf(rest[(dash + 1)..]), rest[..dash], value);
            }
        }
        else if (name.StartsWith(Anthropic, StringComparison.OrdinalIgnoreCase))
        {
            // input-tokens-remaining
            ReadOnlySpan<char> rest = name.AsSpan(Anthropic.Length);
            int dash = rest.LastIndexOf('-');
            if (dash > 0)
            {
                Take(KindOf(rest[..dash]), rest[(dash + 1)..], value);
            }
        }
    }

    /// <summary>The vendor has refused a call for its rate.</summary>
    public void Refused(TimeSpan? retryAfter)
    {
        Volatile.Write(ref _limitedUntil, After(retryAfter ?? TimeSpan.FromSeconds(1)));
        Volatile.Write(ref _isTold, true);
    }

    private void Take(int kind, ReadOnlySpan<char> what, string value)
    {
        if (kind < 0)
        {
            return;
        }

        Volatile.Write(ref _isTold, true);
        Count count = _counts[kind];
        if (what.Equals("remaining", StringComparison.OrdinalIgnoreCase) && double.TryParse(value, CultureInfo.InvariantCulture, out double remaining))
        {
            count.Remaining = remaining;
            count.SeenUntil = After(Usual);
        }
        else if (what.Equals("limit", StringComparison.OrdinalIgnoreCase) && double.TryParse(value, CultureInfo.InvariantCulture, out double limit))
        {
            count.Limit = limit;
        }
        else if (what.Equals("reset", StringComparison.OrdinalIgnoreCase) && ResetIn(value) is { } reset)
        {
            count.ResetAt = After(reset);
        }
    }

    private long After(TimeSpan span) => time.GetTimestamp() + (long)(Math.Clamp(span.TotalSeconds, 0, 86_400) * time.TimestampFrequency);

    /// <summary>"6m0s", "1.5s", "120ms", plain seconds, or the time itself (RFC 3339).</summary>
    private TimeSpan? ResetIn(string value)
    {
        if (double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double plain))
        {
            return plain < 86_400 ? TimeSpan.FromSeconds(plain) : null;
        }

        if (value.Length > 10 && value.Contains('T', StringComparison.Ordinal)
            && DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at))
        {
            return at - time.GetUtcNow();
        }

        return Span(value);
    }

    private static TimeSpan? Span(ReadOnlySpan<char> text)
    {
        double seconds = 0;
        while (!text.IsEmpty)
        {
            int digits = text.IndexOfAnyExcept(Digits);
            if (digits <= 0 || !double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                return null;
            }

            text = text[digits..];
            int letters = text.IndexOfAny(Digits);
            ReadOnlySpan<char> unit = letters < 0 ? text : text[..letters];
            double inSeconds = unit switch
            {
                "ms" => 0.001,
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                "d" => 86_400,
                _ => double.NaN,
            };
            seconds += number * inSeconds;
            text = letters < 0 ? default : text[letters..];
        }

        return double.IsNaN(seconds) || seconds > 86_400 ? null : TimeSpan.FromSeconds(seconds);
    }

    private static int KindOf(ReadOnlySpan<char> name)
    {
        for (int i = 0; i < Kinds.Length; i++)
        {
            if (name.Equals(Kinds[i], StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>One limit. Its members come as headers of their own, in any order; a mixture of two answers' does no harm.</summary>
    private sealed class Count
    {
        public double Limit { get; set; }

        public double Remaining { get; set; }

        public long SeenUntil { get; set; }

        public long ResetAt { get; set; }

        public double Left(long now)
        {
            long end = ResetAt == 0 ? SeenUntil : ResetAt;
            return Limit <= 0 || end <= now ? 1 : Math.Clamp(Remaining / Limit, 0, 1);
        }
    }
}
