using System.Globalization;
using System.Text.Json;

namespace LlmProxy.TestKit;

/// <summary>One row for the ledger's table, made up by a test and added up by it without SQL.</summary>
public sealed record MadeUpCall
{
    private const decimal UnitsPerUsd = 10_000_000_000;

    // Names that spreadsheets, CSV and addresses have to survive.
    private static readonly string?[] Workspaces = ["team-a", "team/b ü", "default", null];
    private static readonly string?[] Users = ["ann", "=1+1", "say \"hi\", bob", "line\r\nbreak", "'; drop table llmproxy_calls; --", null];
    private static readonly (string? Llm, string? Provider)[] Llms = [("gpt-4o", "openai"), ("claude", "anthropic"), ("shared", "openai"), ("shared", "custom"), (null, null)];
    private static readonly string[] Outcomes = ["success", "success", "success", "upstream_error", "client_gone", "client_error", "interrupted", "budget_cut", "refused"];
    private static readonly string[] TagTexts = ["[]", "[\"red\"]", "[\"red\",\"blue\"]", "[\"blue\",\"blue\"]", "[\"+sum\",7,null]", "{\"red\":1}", "no json", ""];
    private static readonly string[] CacheWords = ["miss", "bypass", "hit", "semantic", "bypass"];

    public required Guid Id { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public string Endpoint { get; init; } = "chat";

    public string? Key { get; init; }

    public string? Workspace { get; init; }

    public string? User { get; init; }

    public string? RequestedModel { get; init; }

    public string? Llm { get; init; }

    public string? Provider { get; init; }

    public int Status { get; init; } = 200;

    public string Outcome { get; init; } = "success";

    public string Attempts { get; init; } = "[]";

    public long Input { get; init; }

    public long Cached { get; init; }

    public long Written { get; init; }

    public long Output { get; init; }

    public long Reasoning { get; init; }

    public string UsageSource { get; init; } = "reported";

    public long? CostUnits { get; init; }

    public double? FirstTokenMs { get; init; }

    public double DurationMs { get; init; } = 10;

    public string Cache { get; init; } = "bypass";

    public bool IsStream { get; init; }

    public string Tags { get; init; } = "[]";

    public string Day => StartedAt.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Rows of all kinds, the same for the same seed.</summary>
    public static IReadOnlyList<MadeUpCall> Some(int seed, int count, DateTimeOffset from, TimeSpan span)
    {
        var random = new Random(seed);
        var rows = new List<MadeUpCall>();
        for (int i = 0; i < count; i++)
        {
            // Some begin at the same moment; databases keep microseconds.
            DateTimeOffset started = i % 10 == 9 ? rows[^1].StartedAt : from.AddTicks(random.NextInt64(span.Ticks / 10) * 10);
            (string? llm, string? provider) = Llms[random.Next(Llms.Length)];
            string source = random.Next(6) == 0 ? "none" : "reported";
            string outcome = Outcomes[random.Next(Outcomes.Length)];
            rows.Add(new MadeUpCall
            {
                Id = IdAt(started, random),
                StartedAt = started,
                Endpoint = random.Next(8) == 0 ? "count_tokens" : "chat",
                Key = $"key-{random.Next(4)}",
                Workspace = Workspaces[random.Next(Workspaces.Length)],
                User = Users[random.Next(Users.Length)],
                RequestedModel = "auto",
                Llm = llm,
                Provider = provider,
                Status = outcome == "upstream_error" ? 502 : 200,
                Outcome = outcome,
                Attempts = llm is null ? "[]" : $"[{{\"llm\":\"{llm}\",\"outcome\":\"success\",\"ms\":1.5}}]",
                Input = source == "none" ? 0 : random.Next(100_000),
                Cached = source == "none" ? 0 : random.Next(1_000),
                Written = source == "none" ? 0 : random.Next(100),
                Output = source == "none" ? 0 : random.Next(10_000),
                Reasoning = source == "none" ? 0 : random.Next(100),
                UsageSource = source,
                CostUnits = random.Next(5) == 0 ? null : random.NextInt64(UnitsLimit),
                FirstTokenMs = random.Next(2) == 0 ? null : random.Next(1000) / 8.0,
                DurationMs = random.Next(100_000) / 8.0,
                Cache = CacheWords[random.Next(CacheWords.Length)],
                IsStream = random.Next(2) == 0,
                Tags = TagTexts[random.Next(TagTexts.Length)],
            });
        }

        return rows;
    }

    /// <summary>As the ledger's own ids, but from the given source of chance.</summary>
    public static Guid IdAt(DateTimeOffset moment, Random random)
    {
        byte[] bytes = Guid.CreateVersion7(moment).ToByteArray(bigEndian: true);
        random.NextBytes(bytes.AsSpan(9));
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Statements that put the rows into either database, each short enough for a command line.</summary>
    public static IEnumerable<string> Inserts(IEnumerable<MadeUpCall> rows) => rows.Chunk(100).Select(chunk => $"""
        insert into llmproxy_calls (id, client_request_id, started_at, finished_at, endpoint, key_name, workspace, end_user, requested_model, llm, provider,
          provider_request_id, status, outcome, error_code, attempts, input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
          usage_source, cost_units, ttft_ms, duration_ms, overhead_ms, queue_ms, cache, stream, client_gone, tags) values
        {string.Join(",\n", chunk.Select(row => row.Values()))}
        """);

    /// <summary>The tags that count: each once, and null for a row that has none.</summary>
    public IEnumerable<string?> TagNames()
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(Tags);
            string?[] names = document.RootElement.ValueKind != JsonValueKind.Array ? []
                : [.. document.RootElement.EnumerateArray().Where(tag => tag.ValueKind == JsonValueKind.String).Select(tag => tag.GetString()).Distinct()];
            return names.Length > 0 ? names : [null];
        }
        catch (JsonException)
        {
            return [null];
        }
    }

    /// <summary>The sums of the rows by the names that each belongs to, with the names of the report's members.</summary>
    public static Dictionary<string, Dictionary<string, decimal>> Sum(IEnumerable<MadeUpCall> rows, Func<MadeUpCall, IEnumerable<string?>> names) => rows
        .SelectMany(row => names(row).Select(name => (name: name ?? "(null)", row)))
        .GroupBy(pair => pair.name, pair => pair.row, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => Sum([.. group]), StringComparer.Ordinal);

    public static Dictionary<string, decimal> Sum(IReadOnlyCollection<MadeUpCall> rows) => new(StringComparer.Ordinal)
    {
        ["calls"] = rows.Count,
        ["successful"] = rows.Count(row => row.Outcome == "success"),
        ["failed"] = rows.Count(row => row.Outcome != "success"),
        ["input_tokens"] = rows.Sum(row => row.Input),
        ["cached_tokens"] = rows.Sum(row => row.Cached),
        ["cache_write_tokens"] = rows.Sum(row => row.Written),
        ["output_tokens"] = rows.Sum(row => row.Output),
        ["reasoning_tokens"] = rows.Sum(row => row.Reasoning),
        ["total_tokens"] = rows.Sum(row => row.Input + row.Cached + row.Written + row.Output),
        ["cost_usd"] = rows.Sum(row => (decimal)(row.CostUnits ?? 0)) / UnitsPerUsd,
        ["unpriced_calls"] = rows.Count(row => row.CostUnits is null && (row.UsageSource != "none" || (row.Outcome == "success" && row.Endpoint != "count_tokens"))),
        ["cache_hits"] = rows.Count(row => row.Cache is "hit" or "semantic"),
    };

    /// <summary>Some hundred dollars.</summary>
    private static long UnitsLimit => 300L * (long)UnitsPerUsd;

    private string Values() => "(" + string.Join(", ", [
        Text(Id.ToString()), Text("client's"), Moment(StartedAt), Moment(StartedAt.AddMilliseconds(Math.Floor(DurationMs))), Text(Endpoint), Text(Key), Text(Workspace), Text(User), Text(RequestedModel),
        Text(Llm), Text(Provider), "null", Number(Status), Text(Outcome), Text(Outcome == "success" ? null : "provider_error"), Text(Attempts), Number(Input), Number(Cached), Number(Written),
        Number(Output), Number(Reasoning), Text(UsageSource), CostUnits is { } units ? Number(units) : "null", Number(FirstTokenMs), Number(DurationMs), "1.5", "null", Text(Cache),
        IsStream ? "true" : "false", Outcome == "client_gone" ? "true" : "false", Text(Tags),
    ]) + ")";

    private static string Text(string? text) => text is null ? "null" : "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";

    private static string Moment(DateTimeOffset moment) => "'" + moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture) + "'";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Number(double? number) => number?.ToString("R", CultureInfo.InvariantCulture) ?? "null";
}
