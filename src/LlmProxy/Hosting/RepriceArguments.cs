using LlmProxy.Accounting.Reports;

namespace LlmProxy.Hosting;

/// <summary>What stands behind "dotnet LlmProxy.dll reprice".</summary>
/// <param name="Settings">Settings of the gateway's own, as at its start.</param>
internal sealed record RepriceArguments(ReportRange Range, string? Llm, bool Apply, string[] Settings)
{
    public const string Usage = """
        Usage: dotnet LlmProxy.dll reprice --from DATE [--to DATE] [--llm NAME] [--apply] [--LlmProxy:SETTING=VALUE ...]
          Says what the calls in the ledger cost by the prices that are configured now. DATE is 2026-11-01 or 2026-11-01T08:00:00Z,
          UTC; calls that began at --to are not among them, without --to all until now are.
          Nothing is written without --apply.
        """;

    /// <summary>Null with a problem, or with an empty one where only the usage was asked for.</summary>
    public static RepriceArguments? Read(string[] arguments, DateTimeOffset now, out string problem)
    {
        problem = "";
        var said = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var settings = new List<string>();
        bool apply = false;
        for (int i = 0; i < arguments.Length; i++)
        {
            string argument = arguments[i];
            int equals = argument.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? argument : argument[..equals];
            switch (name.ToLowerInvariant())
            {
                case "--help" or "-h" or "-?":
                    return null;
                case "--apply" when equals < 0:
                    apply = true;
                    break;
                case "--from" or "--to" or "--llm" when equals >= 0 || i + 1 < arguments.Length:
                    said[name] = equals >= 0 ? argument[(equals + 1)..] : arguments[++i];
                    break;
                case "--from" or "--to" or "--llm":
                    problem = $"{name} wants a value.";
                    return null;
                case { } setting when setting.StartsWith("--llmproxy:", StringComparison.Ordinal) && (equals >= 0 || i + 1 < arguments.Length):
                    settings.Add(equals >= 0 ? argument : $"{argument}={arguments[++i]}");
                    break;
                default:
                    problem = $"\"{argument}\" means nothing here.";
                    return null;
            }
        }

        if (!said.TryGetValue("--from", out string? from))
        {
            problem = "--from is missing.";
            return null;
        }

        if (ReportRange.Read(from, said.GetValueOrDefault("--to"), now, out ReportRange range) is { } wrong)
        {
            problem = "--" + wrong.Message;
            return null;
        }

        // Fixed here: the calls that are written are those that were shown.
        range = said.ContainsKey("--to") ? range : range with { To = now };
        return new RepriceArguments(range, said.GetValueOrDefault("--llm"), apply, [.. settings]);
    }
}
