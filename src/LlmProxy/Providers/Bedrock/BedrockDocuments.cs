using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Bedrock;

/// <summary>
/// Documents: each has a format and a name of letters, digits, single spaces, hyphens and brackets, and no two the same.
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html
/// </summary>
internal sealed class BedrockDocuments(ChatTurn turn)
{
    private const int LongestName = 200;

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public void Write(Utf8JsonWriter json, ChatPart part)
    {
        MediaSource media = turn.MediaOf(part);
        string format = FormatOf(media) ?? throw turn.Refuse(part.Path, $"it reads PDF, CSV, Word, Excel, HTML, text and Markdown documents, not {media.MediaType}.");
        json.WriteStartObject();
        json.WriteStartObject("document"u8);
        json.WriteString("format"u8, format);
        json.WriteString("name"u8, NameOf(media.FileName));
        BedrockParts.WriteSource(json, turn, part, media);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private string NameOf(string? fileName)
    {
        string name = Clean(fileName is null ? "" : System.IO.Path.GetFileNameWithoutExtension(fileName));
        name = name.Length == 0 ? "document" : name;
        string free = name;
        for (int number = 2; !_names.Add(free); number++)
        {
            free = $"{name[..Math.Min(name.Length, LongestName - 8)]} {number}";
        }

        return free;
    }

    private static string Clean(string name)
    {
        var clean = new StringBuilder(name.Length);
        foreach (char c in name)
        {
            char kept = char.IsAsciiLetterOrDigit(c) || c is '-' or '(' or ')' or '[' or ']' ? c : ' ';
            if (kept != ' ' || (clean.Length > 0 && clean[^1] != ' '))
            {
                clean.Append(kept);
            }
        }

        string text = clean.ToString().TrimEnd();
        return text.Length > LongestName ? text[..LongestName].TrimEnd() : text;
    }

    private static string? FormatOf(MediaSource media)
    {
        string? byName = media.FileName is { } name && name.Contains('.', StringComparison.Ordinal) ? name[(name.LastIndexOf('.') + 1)..].ToLowerInvariant() : null;
        return Known(BedrockParts.Ending(media)) ?? Known(byName) ?? (media.MediaType is null ? "pdf" : TextOf(media.MediaType));
    }

    private static string? TextOf(string type) => type.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || type is "application/json" or "application/xml" or "application/yaml" ? "txt" : null;

    private static string? Known(string? ending) => ending switch
    {
        "pdf" or "csv" or "doc" or "docx" or "xls" or "xlsx" or "html" or "txt" or "md" => ending,
        "plain" => "txt",
        "markdown" => "md",
        "htm" => "html",
        "msword" => "doc",
        "vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "vnd.ms-excel" => "xls",
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        _ => null,
    };
}
