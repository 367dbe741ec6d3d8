using System.Globalization;
using System.Text.Json;

namespace LlmProxy.Admin;

/// <summary>One column of a report: said once, written as a JSON member or as a cell of CSV.</summary>
internal sealed record ReportColumn<T>(string Name, Func<T, ReportCell> Read);

/// <summary>One value of a report.</summary>
internal readonly record struct ReportCell
{
    private enum Kind
    {
        Nothing,
        Text,
        Whole,
        Exact,
        Real,
        Flag,
        Json,
    }

    private Kind Is { get; init; }

    private string? Text { get; init; }

    private long Number { get; init; }

    private decimal Money { get; init; }

    private double Measure { get; init; }

    public static implicit operator ReportCell(string? text) => text is null ? default : new ReportCell { Is = Kind.Text, Text = text };

    public static implicit operator ReportCell(long number) => new() { Is = Kind.Whole, Number = number };

    public static implicit operator ReportCell(decimal number) => new() { Is = Kind.Exact, Money = number };

    public static implicit operator ReportCell(decimal? number) => number is { } known ? known : default(ReportCell);

    /// <summary>Thousandths are enough for what was measured.</summary>
    public static implicit operator ReportCell(double number) => new() { Is = Kind.Real, Measure = double.IsFinite(number) ? Math.Round(number, 3) : 0 };

    public static implicit operator ReportCell(double? number) => number is { } known ? known : default(ReportCell);

    public static implicit operator ReportCell(bool flag) => new() { Is = Kind.Flag, Number = flag ? 1 : 0 };

    public static implicit operator ReportCell(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>JSON that was kept as text.</summary>
    public static ReportCell OfJson(string text) => new() { Is = Kind.Json, Text = text };

    /// <summary>Its text where somebody else may have chosen it, which no spreadsheet must take for a formula.</summary>
    public string? Foreign => Is is Kind.Text or Kind.Json ? Text : null;

    /// <summary>A number, true or false; empty where there is nothing.</summary>
    public string Plain => Is switch
    {
        Kind.Whole => Number.ToString(CultureInfo.InvariantCulture),
        Kind.Exact => Money.ToString(CultureInfo.InvariantCulture),
        Kind.Real => Measure.ToString("0.###", CultureInfo.InvariantCulture),
        Kind.Flag => Number != 0 ? "true" : "false",
        _ => "",
    };

    public void Write(Utf8JsonWriter json, string name)
    {
        switch (Is)
        {
            case Kind.Text:
                json.WriteString(name, Text);
                break;
            case Kind.Whole:
                json.WriteNumber(name, Number);
                break;
            case Kind.Exact:
                json.WriteNumber(name, Money);
                break;
            case Kind.Real:
                json.WriteNumber(name, Measure);
                break;
            case Kind.Flag:
                json.WriteBoolean(name, Number != 0);
                break;
            case Kind.Json:
                WriteJson(json, name, Text!);
                break;
            default:
                json.WriteNull(name);
                break;
        }
    }

    /// <summary>What is no JSON after all is shown as the text it is.</summary>
    private static void WriteJson(Utf8JsonWriter json, string name, string text)
    {
        json.WritePropertyName(name);
        try
        {
            json.WriteRawValue(text);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            json.WriteStringValue(text);
        }
    }
}
