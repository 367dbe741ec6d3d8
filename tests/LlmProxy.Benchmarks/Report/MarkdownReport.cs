using System.Globalization;
using System.Text;
using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks.Report;

/// <summary>Writes both tables: ratios to plain YARP with targets, and what was really measured on which machine.</summary>
internal static class MarkdownReport
{
    public static string Write(IReadOnlyList<CellResult> cells, BenchmarkOptions options, DateTimeOffset now)
    {
        StringBuilder text = new();
        text.Append("Plain YARP = 1. Median of the rounds [quartiles]. \"YARP again\" is a second copy of plain YARP: what it differs from 1 is noise.\n\n");
        text.Append("| cell | YARP again | nginx | gateway | target | met |\n|---|---|---|---|---|---|\n");
        foreach (CellResult cell in cells)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"| `{cell.Name}`: {cell.Title} | {cell.Relative[ContenderNames.Null]} | {cell.Relative[ContenderNames.Nginx]} | **{cell.Relative[ContenderNames.Gateway]}** | {cell.Target} | {Met(cell.Met)} |\n");
        }
        text.Append("\nAbsolute values are this machine's alone:\n\n");
        text.Append("| cell | unit | YARP | YARP again | nginx | gateway | remarks |\n|---|---|---|---|---|---|---|\n");
        foreach (CellResult cell in cells)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"| `{cell.Name}` | {cell.Unit} | {cell.Absolute[ContenderNames.Yarp]} | {cell.Absolute[ContenderNames.Null]} | {cell.Absolute[ContenderNames.Nginx]} | {cell.Absolute[ContenderNames.Gateway]} | {cell.Remarks} |\n");
        }
        text.Append(CultureInfo.InvariantCulture, $"""

            Machine: {Environment.ProcessorCount} cores, {ProcFile.ProcessorModel()}, .NET {Environment.Version}, {now:yyyy-MM-dd}; {options.Rounds} rounds, seed {options.Seed}.
            What is on: gateway: {GatewayConfiguration.Described}. YARP: one route, logging at Warning, no other middleware. nginx: one worker, no access log, no buffering of answers. HTTP/1.1 on both legs, no TLS, load and upstream on the same machine.

            """);
        return text.ToString();
    }

    private static string Met(bool? met) => met switch { true => "yes", false => "**no**", null => "–" };
}
