namespace LlmProxy.Configuration.Sources;

/// <summary>Splits arguments into settings as ASP.NET does: --key=value, --key value, /key=value, /key value, key=value.</summary>
internal static class CommandLine
{
    public static IEnumerable<KeyValuePair<string, string>> Settings(IReadOnlyList<string> arguments)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            bool isMarked = argument.StartsWith("--", StringComparison.Ordinal) || argument.StartsWith('/');
            string setting = argument.StartsWith("--", StringComparison.Ordinal) ? argument[2..] : argument.TrimStart('/');
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            if (equals >= 0)
            {
                yield return new(setting[..equals], setting[(equals + 1)..]);
            }
            else if (isMarked && i + 1 < arguments.Count)
            {
                yield return new(setting, arguments[++i]);
            }
        }
    }
}
