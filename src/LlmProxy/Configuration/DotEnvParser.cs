using System.Buffers;
using System.Text;
using System.Text.Json;

namespace LlmProxy.Configuration;

/// <summary>
/// NAME=value lines with export, quotes, JSON and comments. Nothing is interpolated: a dollar sign is a dollar sign.
/// A line that cannot be understood is left out and said, since files that served other programs must keep serving.
/// </summary>
internal sealed class DotEnvParser(string text, string path)
{
    private static readonly SearchValues<char> LineEnds = SearchValues.Create("\r\n");

    private readonly List<string> _warnings = [];
    private readonly string _text = text.StartsWith('\uFEFF') ? text[1..] : text;
    private int _at;

    public IReadOnlyList<string> Warnings => _warnings;

    public Dictionary<string, string> Parse()
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        while (SkipToLine())
        {
            int start = _at;
            if (ReadName() is not { } name)
            {
                Complain(start, "is not of the form NAME=value and is left out");
                SkipLine();
            }
            else if (ReadValue(start) is { } value)
            {
                values[name] = value;
            }
        }

        return values;
    }

    /// <summary>Past blank lines and comments; false at the end.</summary>
    private bool SkipToLine()
    {
        while (_at < _text.Length)
        {
            if (char.IsWhiteSpace(_text[_at]))
            {
                _at++;
            }
            else if (_text[_at] == '#')
            {
                SkipLine();
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    private string? ReadName()
    {
        ReadOnlySpan<char> line = Line();
        int from = line.StartsWith("export") && line.Length > 6 && line[6] is ' ' or '\t' ? 6 : 0;
        int equals = line.IndexOf('=');
        if (equals < 0)
        {
            return null;
        }

        ReadOnlySpan<char> name = line[from..equals].Trim();
        foreach (char letter in name)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('_' or '.' or '-'))
            {
                return null;
            }
        }

        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
        {
            return null;
        }

        _at += equals + 1;
        return name.ToString();
    }

    private string? ReadValue(int start)
    {
        bool isSpaced = SkipBlanks();
        if (_at >= _text.Length)
        {
            return "";
        }

        return _text[_at] switch
        {
            '\'' or '"' => ReadQuoted(start),
            '{' or '[' when ReadJson() is { } json => json,
            '#' when isSpaced => ReadComment(),
            _ => ReadPlain(),
        };
    }

    private string? ReadQuoted(int start)
    {
        char quote = _text[_at];
        var value = new StringBuilder();
        for (int i = _at + 1; i < _text.Length; i++)
        {
            char letter = _text[i];
            if (letter == quote)
            {
                _at = i + 1;
                SkipBlanks();
                ReadOnlySpan<char> rest = Line();
                if (rest.Length > 0 && rest[0] != '#')
                {
                    Complain(start, "goes on behind its closing quote; what follows is left out");
                }

                SkipLine();
                return value.ToString();
            }

            if (letter == '\\' && quote == '"' && i + 1 < _text.Length)
            {
                i += Unescape(i + 1, value);
            }
            else if (letter != '\r' || i + 1 >= _text.Length || _text[i + 1] != '\n')
            {
                value.Append(letter);
            }
        }

        Complain(start, "opens a quote that is never closed and is left out");
        SkipLine();
        return null;
    }

    /// <summary>How many letters behind the backslash were read.</summary>
    private int Unescape(int at, StringBuilder value)
    {
        char letter = _text[at];
        if (letter == 'u' && at + 4 < _text.Length && ushort.TryParse(_text.AsSpan(at + 1, 4), System.Globalization.NumberStyles.AllowHexSpecifier, null, out ushort code))
        {
            value.Append((char)code);
            return 5;
        }

        string? plain = letter switch
        {
            'n' => "\n",
            'r' => "\r",
            't' => "\t",
            'b' => "\b",
            'f' => "\f",
            '"' or '\'' or '\\' or '$' or '`' => letter.ToString(),
            _ => null,
        };
        value.Append(plain ?? $"\\{letter}");
        return 1;
    }

    /// <summary>A JSON value, also over several lines; null when it is none, and then plain text.</summary>
    private string? ReadJson()
    {
        byte[] json = Encoding.UTF8.GetBytes(_text[_at..]);
        var reader = new Utf8JsonReader(json);
        try
        {
            reader.Read();
            reader.Skip();
        }
        catch (JsonException)
        {
            return null;
        }

        string value = Encoding.UTF8.GetString(json.AsSpan(0, (int)reader.BytesConsumed));
        int end = _at + value.Length;
        ReadOnlySpan<char> rest = _text.AsSpan(end);
        int lineEnd = rest.IndexOfAny(LineEnds);
        rest = (lineEnd < 0 ? rest : rest[..lineEnd]).TrimStart();
        if (rest.Length > 0 && rest[0] != '#')
        {
            return null;
        }

        _at = end;
        SkipLine();
        return value;
    }

    private string ReadComment()
    {
        SkipLine();
        return "";
    }

    private string ReadPlain()
    {
        ReadOnlySpan<char> line = Line();
        for (int i = 1; i < line.Length; i++)
        {
            if (line[i] == '#' && char.IsWhiteSpace(line[i - 1]))
            {
                line = line[..i];
                break;
            }
        }

        string value = line.Trim().ToString();
        SkipLine();
        return value;
    }

    private ReadOnlySpan<char> Line()
    {
        ReadOnlySpan<char> rest = _text.AsSpan(_at);
        int end = rest.IndexOfAny(LineEnds);
        return end < 0 ? rest : rest[..end];
    }

    private void SkipLine() => _at += Line().Length;

    private bool SkipBlanks()
    {
        int before = _at;
        while (_at < _text.Length && _text[_at] is ' ' or '\t')
        {
            _at++;
        }

        return _at > before;
    }

    /// <summary>Only where, never what: the line may hold a credential.</summary>
    private void Complain(int at, string what) =>
        _warnings.Add($"{path}, line {_text.AsSpan(0, at).Count('\n') + 1}: {what}");
}
