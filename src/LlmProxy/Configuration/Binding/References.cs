using System.Text;
using LlmProxy.Configuration.Sources;

namespace LlmProxy.Configuration.Binding;

/// <summary>What a written value stands for: the value itself, or why there is none.</summary>
internal readonly record struct Resolved(string? Value, string? Problem)
{
    /// <summary>The variable or file that the value came from; null when it was written out.</summary>
    public string? From { get; init; }
}

/// <summary>Follows env:NAME and file:PATH.</summary>
internal sealed class References(IReadOnlyDictionary<string, string> environment, SourceFiles files)
{
    private const string VariableMark = "env:";
    private const string FileMark = "file:";

    private readonly SortedSet<string> _variables = new(StringComparer.Ordinal);

    /// <summary>The names of the variables that were there.</summary>
    public IReadOnlyCollection<string> Variables => _variables;

    public static bool IsVariable(string written) => written.StartsWith(VariableMark, StringComparison.OrdinalIgnoreCase);

    /// <summary>The variable that a written value names; null when it names none.</summary>
    public static string? VariableIn(string written) => IsVariable(written) ? written[VariableMark.Length..].Trim() : null;

    /// <summary>The file that a written value names; null when it names none.</summary>
    public static string? FileIn(string written) => written.StartsWith(FileMark, StringComparison.OrdinalIgnoreCase) ? written[FileMark.Length..].Trim() : null;

    public Resolved Follow(string written)
    {
        if (IsVariable(written))
        {
            return Variable(written[VariableMark.Length..].Trim());
        }

        return written.StartsWith(FileMark, StringComparison.OrdinalIgnoreCase)
            ? FromFile(written[FileMark.Length..].Trim())
            : new Resolved(written, null);
    }

    public Resolved Variable(string name)
    {
        if (!environment.TryGetValue(name, out string? value))
        {
            return new Resolved(null, MayBeShown(name) ? $"{name} is not set" : "the variable that it names is not set") { From = "a variable" };
        }

        _variables.Add(name);
        return new Resolved(value, null) { From = name };
    }

    /// <summary>A credential pasted where the name of a variable belongs must not travel on in messages.</summary>
    public static bool MayBeShown(string name)
    {
        if (!IsVariableName(name))
        {
            return false;
        }

        bool isShouted = !name.Any(char.IsAsciiLetterLower) && name.Contains('_', StringComparison.Ordinal);
        return name.Length < 16 || isShouted || !name.Any(char.IsAsciiDigit);
    }

    public static bool IsVariableName(string name) =>
        name.Length is > 0 and < 129 && !char.IsAsciiDigit(name[0]) && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_');

    private Resolved FromFile(string path)
    {
        if (path.Length == 0)
        {
            return new Resolved(null, "file: names no file") { From = path };
        }

        if (files.Read(path, out string? problem) is not { } content)
        {
            return new Resolved(null, $"the file {path} {problem}") { From = path };
        }

        ReadOnlySpan<byte> text = content;
        text = text.StartsWith("\uFEFF"u8) ? text[3..] : text;
        text = text.EndsWith("\r\n"u8) ? text[..^2] : text.EndsWith("\n"u8) ? text[..^1] : text;
        return new Resolved(Encoding.UTF8.GetString(text), null) { From = path };
    }
}
