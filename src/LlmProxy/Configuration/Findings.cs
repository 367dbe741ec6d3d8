using LlmProxy.Configuration.Sources;

namespace LlmProxy.Configuration;

/// <summary>Everything that is wrong or worth saying about a configuration, collected to be told at once.</summary>
internal sealed class Findings
{
    private readonly List<string> _mistakes = [];
    private readonly List<string> _warnings = [];

    public IReadOnlyList<string> Mistakes => _mistakes;

    public IReadOnlyList<string> Warnings => _warnings;

    public void Mistake(Origin origin, string what) => Mistake(origin.Say(what));

    public void Mistake(string line) => AddOnce(_mistakes, line);

    public void Warn(Origin origin, string what) => Warn(origin.Say(what));

    public void Warn(string line) => AddOnce(_warnings, line);

    private static void AddOnce(List<string> lines, string line)
    {
        if (!lines.Contains(line))
        {
            lines.Add(line);
        }
    }
}
