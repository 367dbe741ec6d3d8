namespace LlmProxy.Storage;

/// <summary>One thing that an operator decided at run time: its value as JSON text, since when, and by whom.</summary>
internal sealed record StoredSetting(string Name, string Value, DateTimeOffset UpdatedAt, string UpdatedBy)
{
    /// <summary>The manual default, whoever is the default by configuration.</summary>
    public const string Default = "default";
}
