using System.Text;
using LlmProxy.Admin;
using LlmProxy.TestKit;

namespace LlmProxy.Tests.Admin;

public sealed class CsvTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("two\r\nlines", "\"two\r\nlines\"")]
    [InlineData("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\tx", "'\tx")]
    [InlineData("\rx", "\"'\rx\"")]
    [InlineData("＝1", "'＝1")]
    [InlineData("a=b", "a=b")]
    public void Text_OfAnyKind_IsOneCellAndNoFormula(string text, string cell)
    {
        var line = new StringBuilder();

        CsvText.AppendText(line, text);

        Assert.Equal(cell, line.ToString());
    }

    [Fact]
    public void Numbers_AreNotTakenForFormulas()
    {
        ReportCell[] cells = [-5L, 0.0000000001m, -1.5m, 1.23456, true, default, (string?)null, ReportCell.OfJson("[\"a\",\"b\"]"), new DateTimeOffset(2026, 11, 1, 8, 0, 0, TimeSpan.Zero)];
        var line = new StringBuilder();
        foreach (ReportCell cell in cells)
        {
            CsvText.Append(line, cell);
            line.Append(',');
        }

        line.Length--;
        CsvText.End(line);

        Assert.Equal(["-5", "0.0000000001", "-1.5", "1.235", "true", "", "", "[\"a\",\"b\"]", "2026-11-01T08:00:00.000000Z"], CsvTable.Read(line.ToString())[0]);
    }
}
