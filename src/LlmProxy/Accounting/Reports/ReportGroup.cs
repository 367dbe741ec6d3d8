using LlmProxy.Storage;

namespace LlmProxy.Accounting.Reports;

/// <summary>What the calls of one group have in common.</summary>
internal enum ReportGroup
{
    Model,
    Provider,
    Workspace,
    Key,
    User,
    Tag,
    Day,

    /// <summary>Models by provider: one name at two providers is two models.</summary>
    ProviderModel,

    /// <summary>All calls are one group.</summary>
    Everything,
}

internal static class ReportGroups
{
    /// <summary>Those that are asked for by name; the first is the usual one.</summary>
    public static readonly string[] Names = ["model", "provider", "workspace", "key", "user", "tag", "day"];

    public static ReportGroup? Find(string name)
    {
        int place = Array.IndexOf(Names, name);
        return place < 0 ? null : (ReportGroup)place;
    }

    public static string Name(this ReportGroup group) => Names[(int)group];

    /// <summary>What its name is in the ledger.</summary>
    public static string Sql(this ReportGroup group, DatabaseKind kind) => group switch
    {
        ReportGroup.Model or ReportGroup.ProviderModel => "llm",
        ReportGroup.Provider => "provider",
        ReportGroup.Workspace => "workspace",
        ReportGroup.Key => "key_name",
        ReportGroup.User => "end_user",
        ReportGroup.Tag => "tags",
        ReportGroup.Day when kind == DatabaseKind.Sqlite => "substr(started_at, 1, 10)",
        ReportGroup.Day => "to_char(started_at at time zone 'UTC', 'YYYY-MM-DD')",
        _ => "null",
    };
}
