using System.ComponentModel.DataAnnotations;

namespace LlmProxy.Configuration.Options;

internal sealed class RedisOptions
{
    /// <summary>Host:port list, redis:// or rediss://; empty: everything in process.</summary>
    public string Connection { get; set; } = "";

    [Required] public string Prefix { get; set; } = "llmproxy";

    /// <summary>Redis' silence after which no call waits for it any longer.</summary>
    [Range(5, 10_000)] public int TimeoutMs { get; set; } = 40;
}

internal sealed class DatabaseOptions
{
    /// <summary>A SQLite file, or PostgreSQL by postgresql:// or Npgsql's form: what operators decide at run time is kept there.</summary>
    public string Connection { get; set; } = "Data Source=data/llmproxy.db";

    [Range(0, int.MaxValue)] public int RetentionDays { get; set; }
}

internal sealed class JournalOptions
{
    [Required] public string Directory { get; set; } = "data/journal";

    [Range(0, long.MaxValue)] public long MaxBytes { get; set; } = 1_073_741_824;

    public WhenFull WhenFull { get; set; } = WhenFull.Refuse;
}

internal enum WhenFull
{
    Refuse,
    Drop,
}

internal sealed class LoggingOptions
{
    /// <summary>Whether prompts may be written to the log.</summary>
    public bool Prompts { get; set; }

    public LogFormat Format { get; set; } = LogFormat.Text;
}

internal enum LogFormat
{
    Text,
    Json,
}

internal sealed class MetricsOptions
{
    /// <summary>A port of its own for /metrics; 0: the gateway's own addresses.</summary>
    [Range(0, 65_535)] public int Port { get; set; }
}

internal sealed class AdminOptions
{
    public bool Enabled { get; set; } = true;
}

internal sealed class GuardsOptions
{
    public List<string> Redact { get; set; } = [];

    public RedactFor RedactFor { get; set; } = RedactFor.External;

    public WebhookGuardOptions Webhook { get; set; } = new();
}

internal enum RedactFor
{
    External,
    All,
}

internal sealed class WebhookGuardOptions
{
    public string Url { get; set; } = "";

    [Range(1, 600_000)] public int TimeoutMs { get; set; } = 1000;

    public OnGuardFailure OnFailure { get; set; } = OnGuardFailure.Refuse;
}

internal enum OnGuardFailure
{
    Refuse,
    Allow,
}

internal sealed class AlertsOptions
{
    public string WebhookUrl { get; set; } = "";

    public List<int> At { get; set; } = [50, 80, 100];
}
