using System.ComponentModel.DataAnnotations;

namespace LlmProxy.Configuration.Options;

/// <summary>Who may call.</summary>
internal sealed class AuthOptions
{
    /// <summary>keys or open; unset: open only while every address is loopback and no key is configured.</summary>
    public AuthMode? Mode { get; set; }

    public Secret? AdminKey { get; set; }

    /// <summary>Addresses or networks (CIDR) whose X-Forwarded-For is believed.</summary>
    public List<string> TrustedProxies { get; set; } = [];

    /// <summary>How many keys that nobody knows one address may try in a minute; 0: no limit.</summary>
    [Range(0, 1_000_000)] public int UnknownKeysPerMinute { get; set; } = 20;
}

internal enum AuthMode
{
    Keys,
    Open,
}

/// <summary>One virtual key.</summary>
internal sealed class KeyOptions
{
    [Required] public string Name { get; set; } = "";

    [Required] public Secret? Key { get; set; }

    public string Workspace { get; set; } = "default";

    public List<string> AllowedModels { get; set; } = ["*"];

    [Range(0, int.MaxValue)] public int RequestsPerMinute { get; set; }

    [Range(0, long.MaxValue)] public long TokensPerMinute { get; set; }

    [Range(0, int.MaxValue)] public int MaxParallel { get; set; }

    [Range(0, int.MaxValue)] public int PerUserRequestsPerMinute { get; set; }

    [Range(typeof(decimal), "0", "1000000000")] public decimal BudgetUsd { get; set; }

    [Range(0, long.MaxValue)] public long BudgetTokens { get; set; }

    public BudgetPeriod BudgetPeriod { get; set; } = BudgetPeriod.Month;

    public int Priority { get; set; }

    public DateTimeOffset? ExpiresAt { get; set; }

    public bool AllowExternal { get; set; } = true;

    public List<string> Tags { get; set; } = [];
}

internal enum BudgetPeriod
{
    Month,
    Day,
    Week,
    Total,
}

internal sealed class WorkspaceOptions
{
    [Required] public string Name { get; set; } = "";

    [Range(typeof(decimal), "0", "1000000000")] public decimal BudgetUsd { get; set; }

    [Range(0, long.MaxValue)] public long BudgetTokens { get; set; }

    public BudgetPeriod BudgetPeriod { get; set; } = BudgetPeriod.Month;

    [Range(0, int.MaxValue)] public int RequestsPerMinute { get; set; }

    [Range(0, long.MaxValue)] public long TokensPerMinute { get; set; }

    [Range(0, int.MaxValue)] public int MaxParallel { get; set; }

    [Range(1, 1_000_000)] public int Weight { get; set; } = 1;
}
