using System.Globalization;
using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Storage.Access;

/// <summary>A key as a table's row and as a line of the file that remembers it. Money is text: no database rounds it.</summary>
internal sealed class KeyRow
{
    public string Id { get; set; } = "";

    public string Name { get; set; } = "";

    public byte[] KeyHash { get; set; } = [];

    public string Prefix { get; set; } = "";

    public string Workspace { get; set; } = "";

    /// <summary>A JSON array.</summary>
    public string AllowedModels { get; set; } = "[]";

    public long RequestsPerMinute { get; set; }

    public long TokensPerMinute { get; set; }

    public long MaxParallel { get; set; }

    public long PerUserRequestsPerMinute { get; set; }

    public string BudgetUsd { get; set; } = "0";

    public long BudgetTokens { get; set; }

    public string BudgetPeriod { get; set; } = "month";

    public long Priority { get; set; }

    public DateTimeOffset? ExpiresAt { get; set; }

    public long AllowExternal { get; set; }

    /// <summary>A JSON array.</summary>
    public string Tags { get; set; } = "[]";

    public DateTimeOffset CreatedAt { get; set; }

    public string CreatedBy { get; set; } = "";

    public DateTimeOffset UpdatedAt { get; set; }

    public string UpdatedBy { get; set; } = "";

    public DateTimeOffset? RevokedAt { get; set; }

    public long Version { get; set; }

    /// <summary>No two names differ by letters' case alone.</summary>
    public string FoldedName => Name.ToUpperInvariant();

    public static KeyRow Of(StoredKey key, long version = 0) => new()
    {
        Id = key.Id.ToString("D", CultureInfo.InvariantCulture),
        Name = key.Name,
        KeyHash = key.Hash.ToBytes(),
        Prefix = key.Prefix,
        Workspace = key.Options.Workspace,
        AllowedModels = ListText(key.Options.AllowedModels),
        RequestsPerMinute = key.Options.RequestsPerMinute,
        TokensPerMinute = key.Options.TokensPerMinute,
        MaxParallel = key.Options.MaxParallel,
        PerUserRequestsPerMinute = key.Options.PerUserRequestsPerMinute,
        BudgetUsd = key.Options.BudgetUsd.ToString(CultureInfo.InvariantCulture),
        BudgetTokens = key.Options.BudgetTokens,
        BudgetPeriod = PeriodText(key.Options.BudgetPeriod),
        Priority = key.Options.Priority,
        ExpiresAt = key.Options.ExpiresAt?.ToUniversalTime(),
        AllowExternal = key.Options.AllowExternal ? 1 : 0,
        Tags = ListText(key.Options.Tags),
        CreatedAt = key.CreatedAt,
        CreatedBy = key.CreatedBy,
        UpdatedAt = key.UpdatedAt,
        UpdatedBy = key.UpdatedBy,
        RevokedAt = key.RevokedAt,
        Version = version,
    };

    public StoredKey ToKey() => new()
    {
        Id = Guid.Parse(Id, CultureInfo.InvariantCulture),
        Hash = LlmProxy.Access.KeyHash.From(KeyHash),
        Prefix = Prefix,
        Options = new KeyOptions
        {
            Name = Name,
            Workspace = Workspace,
            AllowedModels = ListIn(AllowedModels),
            RequestsPerMinute = (int)RequestsPerMinute,
            TokensPerMinute = TokensPerMinute,
            MaxParallel = (int)MaxParallel,
            PerUserRequestsPerMinute = (int)PerUserRequestsPerMinute,
            BudgetUsd = decimal.Parse(BudgetUsd, CultureInfo.InvariantCulture),
            BudgetTokens = BudgetTokens,
            BudgetPeriod = PeriodIn(BudgetPeriod),
            Priority = (int)Priority,
            ExpiresAt = ExpiresAt,
            AllowExternal = AllowExternal != 0,
            Tags = ListIn(Tags),
        },
        CreatedAt = CreatedAt,
        CreatedBy = CreatedBy,
        UpdatedAt = UpdatedAt,
        UpdatedBy = UpdatedBy,
        RevokedAt = RevokedAt,
    };

    public static string PeriodText(BudgetPeriod period) => period.ToString().ToLowerInvariant();

    public static BudgetPeriod PeriodIn(string text) => Enum.Parse<BudgetPeriod>(text, ignoreCase: true);

    private static string ListText(List<string> items) => JsonSerializer.Serialize(items, AccessJson.Default.ListString);

    private static List<string> ListIn(string text) => JsonSerializer.Deserialize(text, AccessJson.Default.ListString) ?? [];
}
