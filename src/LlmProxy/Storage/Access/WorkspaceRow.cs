using System.Globalization;
using LlmProxy.Access;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Storage.Access;

/// <summary>A workspace as a table's row and as a line of the file that remembers it.</summary>
internal sealed class WorkspaceRow
{
    public string Id { get; set; } = "";

    public string Name { get; set; } = "";

    public string BudgetUsd { get; set; } = "0";

    public long BudgetTokens { get; set; }

    public string BudgetPeriod { get; set; } = "month";

    public long RequestsPerMinute { get; set; }

    public long TokensPerMinute { get; set; }

    public long MaxParallel { get; set; }

    public long Weight { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public string CreatedBy { get; set; } = "";

    public DateTimeOffset UpdatedAt { get; set; }

    public string UpdatedBy { get; set; } = "";

    public string FoldedName => Name.ToUpperInvariant();

    public static WorkspaceRow Of(StoredWorkspace workspace) => new()
    {
        Id = workspace.Id.ToString("D", CultureInfo.InvariantCulture),
        Name = workspace.Name,
        BudgetUsd = workspace.Options.BudgetUsd.ToString(CultureInfo.InvariantCulture),
        BudgetTokens = workspace.Options.BudgetTokens,
        BudgetPeriod = KeyRow.PeriodText(workspace.Options.BudgetPeriod),
        RequestsPerMinute = workspace.Options.RequestsPerMinute,
        TokensPerMinute = workspace.Options.TokensPerMinute,
        MaxParallel = workspace.Options.MaxParallel,
        Weight = workspace.Options.Weight,
        CreatedAt = workspace.CreatedAt,
        CreatedBy = workspace.CreatedBy,
        UpdatedAt = workspace.UpdatedAt,
        UpdatedBy = workspace.UpdatedBy,
    };

    public StoredWorkspace ToWorkspace() => new()
    {
        Id = Guid.Parse(Id, CultureInfo.InvariantCulture),
        Options = new WorkspaceOptions
        {
            Name = Name,
            BudgetUsd = decimal.Parse(BudgetUsd, CultureInfo.InvariantCulture),
            BudgetTokens = BudgetTokens,
            BudgetPeriod = KeyRow.PeriodIn(BudgetPeriod),
            RequestsPerMinute = (int)RequestsPerMinute,
            TokensPerMinute = TokensPerMinute,
            MaxParallel = (int)MaxParallel,
            Weight = (int)Weight,
        },
        CreatedAt = CreatedAt,
        CreatedBy = CreatedBy,
        UpdatedAt = UpdatedAt,
        UpdatedBy = UpdatedBy,
    };
}
