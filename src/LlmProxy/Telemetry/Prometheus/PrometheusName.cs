using System.Text;

namespace LlmProxy.Telemetry.Prometheus;

/// <summary>Makes an instrument's name a Prometheus one: allowed characters, unit and "_total" at the end, neither of them twice.</summary>
internal static class PrometheusName
{
    public static string Of(string name, string unit, bool isCounter)
    {
        StringBuilder result = new(name.Length + 16);
        Append(result, name, colons: true);
        string suffix = isCounter ? "_total" : "";
        if (isCounter && name.EndsWith("_total", StringComparison.Ordinal))
        {
            result.Length -= suffix.Length;
        }

        string unitWord = Word(unit);
        if (unitWord.Length > 0 && !EndsWith(result, unitWord))
        {
            result.Append('_').Append(unitWord);
        }

        return result.Append(suffix).ToString();
    }

    public static string OfLabel(string name)
    {
        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
            {
                StringBuilder result = new(name.Length);
                Append(result, name, colons: false);
                return result.ToString();
            }
        }

        return name;
    }

    private static void Append(StringBuilder result, string name, bool colons)
    {
        if (name.Length > 0 && char.IsAsciiDigit(name[0]))
        {
            result.Append('_');
        }

        foreach (char c in name)
        {
            result.Append(char.IsAsciiLetterOrDigit(c) || (colons && c == ':') ? c : '_');
        }
    }

    /// <summary>Units by their UCUM code; what stands in braces is a remark.</summary>
    private static string Word(string unit) => unit switch
    {
        "s" => "seconds",
        "ms" => "milliseconds",
        "By" => "bytes",
        "%" => "percent",
        _ => "",
    };

    private static bool EndsWith(StringBuilder text, string end)
    {
        if (text.Length < end.Length)
        {
            return false;
        }

        for (int i = 0; i < end.Length; i++)
        {
            if (text[text.Length - end.Length + i] != end[i])
            {
                return false;
            }
        }

        return true;
    }
}
