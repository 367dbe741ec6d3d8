using System.Globalization;
using LlmProxy.Accounting.Reports;
using LlmProxy.Configuration;
using LlmProxy.Pipeline;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Admin;

/// <summary>The parameters of one report, each known and said once at most; an empty one is one that is not said.</summary>
internal sealed class ReportQuery
{
    public const int UsualRows = 100;
    public const int MostRows = 1000;

    private readonly Dictionary<string, string> _said = new(StringComparer.Ordinal);

    public static GatewayError? Read(IQueryCollection query, string[] known, out ReportQuery read)
    {
        read = new ReportQuery();
        foreach ((string name, StringValues value) in query)
        {
            string shown = name.Length <= 64 ? name : name[..64] + "...";
            if (!known.Contains(name, StringComparer.Ordinal))
            {
                return GatewayError.Invalid(shown, $"Unknown parameter \"{shown}\".{AdminJson.Near(name, known)} Known: {string.Join(", ", known)}.");
            }

            if (value.Count > 1)
            {
                return GatewayError.Invalid(shown, $"{shown} may be said once.");
            }

            if (value.ToString() is { Length: > 0 } text)
            {
                read._said[name] = text;
            }
        }

        return null;
    }

    public string? Find(string name) => _said.GetValueOrDefault(name);

    /// <summary>from, to, and whatever of the filters was said.</summary>
    public GatewayError? ReadFilter(GatewaySnapshot snapshot, DateTimeOffset now, out ReportFilter filter)
    {
        GatewayError? wrong = ReportRange.Read(Find("from"), Find("to"), now, out ReportRange range);
        filter = new ReportFilter(range)
        {
            Provider = Find("provider")?.ToLowerInvariant(),
            Workspace = Find("workspace") is { } workspace ? WorkspaceName(snapshot, workspace) : null,
            Key = Find("key"),
            Llm = Find("llm") is { } llm ? snapshot.Options.Llms.Find(known => known.Name.Equals(llm, StringComparison.OrdinalIgnoreCase))?.Name ?? llm : null,
        };
        if (wrong is null && Find("status") is { } status && !filter.TryWithStatus(status, out filter))
        {
            wrong = GatewayError.Invalid("status", $"status must be an HTTP status (502), a class of them (5xx) or an outcome: {string.Join(", ", ReportFilter.Outcomes)}.");
        }

        return wrong;
    }

    public GatewayError? ReadNumber(string name, int usual, int most, out int number)
    {
        number = usual;
        return Find(name) is not { } text || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= 1 && number <= most)
            ? null
            : GatewayError.Invalid(name, string.Create(CultureInfo.InvariantCulture, $"{name} must be a whole number from 1 to {most}."));
    }

    /// <summary>One of the words, the first where none was said.</summary>
    public GatewayError? ReadWord(string name, string[] words, out string word)
    {
        string said = Find(name) ?? words[0];
        word = Array.Find(words, known => known.Equals(said, StringComparison.OrdinalIgnoreCase)) ?? "";
        return word.Length > 0 ? null : GatewayError.Invalid(name, $"{name} must be one of: {string.Join(", ", words)}.{AdminJson.Near(said, words)}");
    }

    /// <summary>As the configuration writes it; what it does not know may still be in the ledger.</summary>
    public static string WorkspaceName(GatewaySnapshot snapshot, string said) =>
        snapshot.Workspaces.TryGetValue(said, out Configuration.Options.WorkspaceOptions? workspace) ? workspace.Name : said;
}
