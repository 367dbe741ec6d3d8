using System.Globalization;

namespace LlmProxy.Accounting.Reports;

/// <summary>Which rows of the ledger a report is about.</summary>
internal sealed record ReportFilter(ReportRange Range)
{
    public string? Provider { get; init; }

    public string? Workspace { get; init; }

    public string? Key { get; init; }

    public string? Llm { get; init; }

    public string? Outcome { get; init; }

    /// <summary>HTTP statuses, both ends included.</summary>
    public (int Least, int Most)? Status { get; init; }

    /// <summary>The condition. Nothing of what was asked for is in its text.</summary>
    public string Sql
    {
        get
        {
            var conditions = new List<string> { "started_at >= @From", "started_at < @To" };
            AddIf(conditions, Provider, "provider = @Provider");
            AddIf(conditions, Workspace, "workspace = @Workspace");
            AddIf(conditions, Key, "key_name = @Key");
            AddIf(conditions, Llm, "llm = @Llm");
            AddIf(conditions, Outcome, "outcome = @Outcome");
            AddIf(conditions, Status, "status between @LeastStatus and @MostStatus");
            return string.Join(" and ", conditions);
        }
    }

    /// <summary>What the condition's names stand for.</summary>
    public Dictionary<string, object?> Values => new(StringComparer.Ordinal)
    {
        ["From"] = Range.From,
        ["To"] = Range.To,
        ["Provider"] = Provider,
        ["Workspace"] = Workspace,
        ["Key"] = Key,
        ["Llm"] = Llm,
        ["Outcome"] = Outcome,
        ["LeastStatus"] = Status?.Least,
        ["MostStatus"] = Status?.Most,
    };

    /// <summary>An HTTP status (502), a class of them (5xx) or an outcome (client_gone). False: none of these.</summary>
    public bool TryWithStatus(string text, out ReportFilter filter)
    {
        filter = this;
        if (text.Length == 3 && text.EndsWith("xx", StringComparison.OrdinalIgnoreCase) && text[0] is >= '1' and <= '5')
        {
            int first = (text[0] - '0') * 100;
            filter = this with { Status = (first, first + 99) };
            return true;
        }

        if (text.Length == 3 && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int status) && status is >= 100 and <= 599)
        {
            filter = this with { Status = (status, status) };
            return true;
        }

        string? outcome = Array.Find(Outcomes, known => known.Equals(text, StringComparison.OrdinalIgnoreCase));
        filter = this with { Outcome = outcome };
        return outcome is not null;
    }

    public static readonly string[] Outcomes = ["success", "refused", "client_error", "upstream_error", "client_gone", "interrupted", "budget_cut"];

    private static void AddIf<T>(List<string> conditions, T? value, string condition)
    {
        if (value is not null)
        {
            conditions.Add(condition);
        }
    }
}
