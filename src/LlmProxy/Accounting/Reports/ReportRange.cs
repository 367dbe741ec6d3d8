using System.Globalization;
using LlmProxy.Pipeline;

namespace LlmProxy.Accounting.Reports;

/// <summary>The time that a report is about, UTC: From is in it, To is not.</summary>
internal readonly record struct ReportRange(DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>Today is one of them.</summary>
    public const int UsualDays = 30;

    private const string Example = "must be a date (2026-11-01) or a date-time (2026-11-01T08:00:00Z), UTC unless it says otherwise.";

    private static readonly string[] Forms =
    [
        "yyyy-MM-dd",
        "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd' 'HH:mmK", "yyyy-MM-dd' 'HH:mm:ssK", "yyyy-MM-dd' 'HH:mm:ss.FFFFFFFK",
    ];

    /// <summary>Whole days, of which today is the last.</summary>
    public static ReportRange LastDays(DateTimeOffset now, int days)
    {
        DateTimeOffset end = Midnight(now).AddDays(1);
        return new ReportRange(end.AddDays(-days), end);
    }

    /// <summary>What is not said is the last 30 days, or the 30 days before the end that is said.</summary>
    public static GatewayError? Read(string? from, string? to, DateTimeOffset now, out ReportRange range)
    {
        range = LastDays(now, UsualDays);
        if (to is not null)
        {
            if (!TryRead(to, out DateTimeOffset end))
            {
                return GatewayError.Invalid("to", "to " + Example);
            }

            range = new ReportRange(end < DateTimeOffset.UnixEpoch.AddDays(UsualDays) ? DateTimeOffset.UnixEpoch : end.AddDays(-UsualDays), end);
        }

        if (from is not null)
        {
            if (!TryRead(from, out DateTimeOffset begin))
            {
                return GatewayError.Invalid("from", "from " + Example);
            }

            range = range with { From = begin };
        }

        return range.From < range.To ? null : GatewayError.Invalid(
            from is null ? "to" : "from",
            string.Create(CultureInfo.InvariantCulture, $"from must lie before to, and here from is {range.From:yyyy-MM-dd HH:mm:ss}Z and to is {range.To:yyyy-MM-dd HH:mm:ss}Z."));
    }

    public static bool TryRead(string text, out DateTimeOffset moment)
    {
        // A plus sign that was not percent-encoded arrives as a space.
        if (text.Length > 6 && text[^6] == ' ' && text[^3] == ':' && text.Contains('T', StringComparison.Ordinal))
        {
            text = $"{text[..^6]}+{text[^5..]}";
        }

        return DateTimeOffset.TryParseExact(text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out moment)
            && moment >= DateTimeOffset.UnixEpoch;
    }

    public static DateTimeOffset Midnight(DateTimeOffset moment) => new(moment.UtcDateTime.Date, TimeSpan.Zero);
}
