using System.Text.Json;

namespace LlmProxy.TestKit.OpenAiSchema;

/// <summary>One JSON object held against what OpenAI's reference says of it; what does not fit is noted with its place.</summary>
internal sealed class JsonShape
{
    private readonly JsonElement _object;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public JsonShape(JsonElement value, string path, List<string> problems)
    {
        _object = value;
        Path = path;
        Problems = problems;
        IsObject = value.ValueKind == JsonValueKind.Object;
        Check(IsObject, $"is {value.ValueKind}, not an object");
        if (IsObject && value.EnumerateObject().GroupBy(m => m.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            Check(false, $"names {twice.Key} more than once");
        }
    }

    public string Path { get; }

    public List<string> Problems { get; }

    public bool IsObject { get; }

    public void Check(bool isRight, string problem)
    {
        if (!isRight)
        {
            Problems.Add($"{Path}: {problem}");
        }
    }

    public JsonElement? Find(string name) => IsObject && _object.TryGetProperty(name, out JsonElement value) ? value : null;

    public string? Text(string name, bool isRequired = true, bool isNullable = false, params string[] values)
    {
        if (Member(name, isRequired, isNullable, JsonValueKind.String) is not { } member)
        {
            return null;
        }

        string text = member.GetString()!;
        Check(values.Length == 0 || values.Contains(text), $"{name} is \"{text}\", not one of {string.Join(", ", values)}");
        return text;
    }

    public long? Number(string name, bool isRequired = true)
    {
        JsonElement? member = Member(name, isRequired, isNullable: false, JsonValueKind.Number);
        if (member is null)
        {
            return null;
        }

        bool isWhole = member.Value.TryGetInt64(out long number);
        Check(isWhole && number >= 0, $"{name} is {member.Value.GetRawText()}, not a whole number from 0");
        return isWhole ? number : null;
    }

    public JsonElement? List(string name, bool isRequired = true, bool isNullable = false) => Member(name, isRequired, isNullable, JsonValueKind.Array);

    public JsonElement? Object(string name, bool isRequired = true, bool isNullable = false) => Member(name, isRequired, isNullable, JsonValueKind.Object);

    /// <summary>Fields that may be there and are not looked into.</summary>
    public void Allow(params string[] names) => _known.UnionWith(names);

    /// <summary>Called last: what nothing above spoke of is unknown.</summary>
    public void RefuseOthers()
    {
        if (IsObject)
        {
            foreach (JsonProperty member in _object.EnumerateObject())
            {
                Check(_known.Contains(member.Name), $"{member.Name} is no known field");
            }
        }
    }

    private JsonElement? Member(string name, bool isRequired, bool isNullable, JsonValueKind kind)
    {
        _known.Add(name);
        if (Find(name) is not { } member)
        {
            Check(!isRequired || !IsObject, $"{name} is missing");
            return null;
        }

        if (member.ValueKind == JsonValueKind.Null && isNullable)
        {
            return null;
        }

        Check(member.ValueKind == kind, $"{name} is {member.ValueKind}, not {kind}{(isNullable ? " or null" : "")}");
        return member.ValueKind == kind ? member : null;
    }
}
