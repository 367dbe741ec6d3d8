using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.Tests.Recordings;

/// <summary>One folder of tests/Recordings: a client's request, what the vendor is asked, what it answers, what comes of it.</summary>
internal sealed class RecordedCase
{
    private static readonly string[] StreamFiles = ["vendor-response.sse", "vendor-response.ndjson", "vendor-response.jsonl"];

    private RecordedCase(string folder)
    {
        Folder = folder;
        Name = Path.GetRelativePath(Root, folder).Replace('\\', '/');
        Outcome = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "outcome.json")))!.AsObject();
    }

    public static string Root { get; } = Path.Combine(RepositoryRoot(), "tests", "Recordings");

    public string Folder { get; }

    public string Name { get; }

    public JsonObject Outcome { get; }

    public string Provider => Name.Split('/')[0];

    public string Model => (string?)Outcome["model"] ?? "m";

    public int Status => (int?)Outcome["status"] ?? 200;

    public string ClientRequest => File.ReadAllText(Path.Combine(Folder, "client-request.json"));

    public string VendorRequestFile => Path.Combine(Folder, "vendor-request.json");

    /// <summary>Null: none was recorded.</summary>
    public byte[]? Whole => File.Exists(Path.Combine(Folder, "vendor-response.json")) ? File.ReadAllBytes(Path.Combine(Folder, "vendor-response.json")) : null;

    /// <summary>The stream as it came over the wire; events are stirred by <paramref name="stir"/> first.</summary>
    public byte[]? Stream(Func<string, string>? stir = null)
    {
        string? file = StreamFiles.Select(f => Path.Combine(Folder, f)).FirstOrDefault(File.Exists);
        if (file is null)
        {
            return null;
        }

        string text = File.ReadAllText(file).ReplaceLineEndings("\n");
        text = stir is null ? text : stir(text);
        return file.EndsWith(".jsonl", StringComparison.Ordinal) ? EventStreamWriter.FromLines(text) : Encoding.UTF8.GetBytes(text);
    }

    public static RecordedCase Read(string name) => new(Path.Combine(Root, name));

    /// <summary>All cases.</summary>
    public static IEnumerable<RecordedCase> All() => Directory.EnumerateFiles(Root, "outcome.json", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal).Select(f => new RecordedCase(Path.GetDirectoryName(f)!));

    private static string RepositoryRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "LlmProxy.sln")))
        {
            directory = directory.Parent;
        }

        return directory!.FullName;
    }
}
