using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Faults;

/// <summary>What one call's client saw, and how often each of its LLMs was tried.</summary>
internal sealed record Outcome(Cell Cell, int Status, string MediaType, string Body, Func<string, string?> Header)
{
    /// <summary>What a vendor says that fails later on.</summary>
    public const string FirstWords = "The first words";

    private static readonly string[] Places = ["first", "second", "third"];

    /// <summary>Tries at each LLM, from the gateway's own counter.</summary>
    public int[] Tries { get; set; } = [];

    /// <summary>Requests that the vendor saw for each LLM.</summary>
    public int[] Seen { get; set; } = [];

    public IReadOnlyList<string> Events => Cell.Stream && MediaType == "text/event-stream" ? SseReader.Data(Body) : [];

    /// <summary>The error object: the body of a refusal, or the last event of a broken stream.</summary>
    public string? ErrorJson => Events is [.., var last] ? (last.Contains("\"error\"", StringComparison.Ordinal) ? last : null) : Status == 200 ? null : Body;

    public string? Code => ErrorJson is { } json ? JsonNode.Parse(json)?["error"]?["code"]?.ToString() : null;

    public string Text => Describe(Words(), Tries);

    public static string Describe(string end, int[] tries) =>
        tries is [var only] ? $"{end}, {only} {(only == 1 ? "try" : "tries")}" : $"{end}, tries {string.Join(" + ", tries)}";

    private string Words()
    {
        if (Status != 200)
        {
            string advice = Header("retry-after") is { } wait ? $", retry-after {wait}" : "";
            return $"{Status} `{Code}`{advice}";
        }

        if (Code is { } code)
        {
            string said = SseReader.ContentOf(Events.SkipLast(1));
            return $"200, {(said == FirstWords ? "its words" : $"\"{said}\"")}, then an error event `{code}`";
        }

        return $"200 from the {Answerer()}{(Header("x-llm-fallback") is { } why ? $" ({Reasons(why)})" : "")}{(IsWhole() ? "" : ", not whole")}";
    }

    private string Answerer()
    {
        int place = Array.IndexOf(Cell.Llms, Header("x-llm-model"));
        return place >= 0 ? Places[place] : "unknown";
    }

    private bool IsWhole() => Cell.Stream
        ? Events is [.., "[DONE]"] && SseReader.ContentOf(Events) == OpenAiAnswers.Text
        : JsonNode.Parse(Body)?["choices"]?[0]?["message"]?["content"]?.ToString() == OpenAiAnswers.Text;

    /// <summary>Each entry is an LLM and a code; the LLMs are known, so the codes say all.</summary>
    private static string Reasons(string header) =>
        string.Join(", ", header.Split(", ").Select(entry => $"`{entry[(entry.LastIndexOf(": ", StringComparison.Ordinal) + 2)..]}`").Distinct());
}

/// <summary>One cell of the matrix: its LLMs belong to it alone.</summary>
internal sealed record Cell(Fault Fault, bool Stream, Setup Setup)
{
    public static IReadOnlyList<Cell> All { get; } =
    [
        .. FaultList.All.SelectMany(fault => new[] { false, true }.Where(stream => fault.For(stream) is not null).SelectMany(stream => Enum.GetValues<Setup>().Select(setup => new Cell(fault, stream, setup)))),
    ];

    public string Name { get; } = NameOf(Fault, Stream, Setup);

    public string[] Llms { get; } = [.. Enumerable.Range(0, Setup == Setup.One ? 1 : 3).Select(place => $"{Id(Fault, Stream, Setup)}-{place}")];

    public Gate Heard { get; } = new();

    public string Chain => "chain-" + Id(Fault, Stream, Setup);

    public string Model => Setup == Setup.One ? Llms[0] : Chain;

    public bool IsFaulty(int place) => place == 0 || Setup == Setup.AllThree;

    public static string NameOf(Fault fault, bool stream, Setup setup) => $"{(stream ? "stream" : "plain")}, {setup}: {fault.Name}";

    public static string Id(Fault fault, bool stream) =>
        string.Concat(fault.Name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')) + (stream ? "-stream" : "-plain");

    private static string Id(Fault fault, bool stream, Setup setup) => $"{Id(fault, stream)}-{setup.ToString().ToLowerInvariant()}";
}
