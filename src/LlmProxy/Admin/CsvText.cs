using System.Buffers;
using System.Text;

namespace LlmProxy.Admin;

/// <summary>Rows of CSV as RFC 4180 says, in which no cell is taken for a formula.</summary>
internal static class CsvText
{
    private static readonly SearchValues<char> NeedQuotes = SearchValues.Create(",\"\r\n");

    /// <summary>What makes a spreadsheet calculate: such a text gets an apostrophe in front.</summary>
    private static readonly SearchValues<char> BeginFormulas = SearchValues.Create("=+-@\t\r\n＝＋－＠");

    public static void Append(StringBuilder line, ReportCell cell)
    {
        if (cell.Foreign is { } text)
        {
            AppendText(line, text);
        }
        else
        {
            line.Append(cell.Plain);
        }
    }

    public static void AppendText(StringBuilder line, string text)
    {
        bool isFormula = text.Length > 0 && BeginFormulas.Contains(text[0]);
        bool isQuoted = text.AsSpan().ContainsAny(NeedQuotes);
        line.Append(isQuoted ? "\"" : "").Append(isFormula ? "'" : "");
        line.Append(isQuoted ? text.Replace("\"", "\"\"", StringComparison.Ordinal) : text).Append(isQuoted ? "\"" : "");
    }

    public static void End(StringBuilder line) => line.Append("\r\n");
}
