namespace LlmProxy.Tests.Configuration.Checks;

public sealed class NotYetEnforcedTests
{
    [Theory]
    [InlineData("\"Keys\": [ { \"Name\": \"k\", \"Key\": \"x\", \"Tags\": [\"t\"] } ]", "Keys:Tags (k)")]
    [InlineData("\"Routing\": { \"ReplicaPolicy\": \"least_load\" }", "Routing:ReplicaPolicy")]
    [InlineData("\"Limits\": { \"MaxPromptChars\": 3 }", "Limits:MaxPromptChars")]
    [InlineData("\"Limits\": { \"MaxMessages\": 3 }", "Limits:MaxMessages")]
    [InlineData("\"Cache\": { \"Semantic\": { \"Workspaces\": [\"w\"] } }", "Cache:Semantic")]
    [InlineData("\"Database\": { \"RetentionDays\": 3 }", "Database:RetentionDays")]
    [InlineData("\"Journal\": { \"WhenFull\": \"drop\" }", "Journal")]
    [InlineData("\"Guards\": { \"Redact\": [\"x\"] }", "Guards:Redact")]
    [InlineData("\"Guards\": { \"Webhook\": { \"Url\": \"http://x\" } }", "Guards:Webhook")]
    public void Setting_ThatNothingObeysYet_IsWarnedOf(string rest, string option) =>
        Assert.StartsWith($"LlmProxy:{option}", Assert.Single(OperatorFolder.LoadFile($"{{ {rest} }}").WithoutMistakes().Warnings, line => !line.Contains("no price", StringComparison.Ordinal)), StringComparison.Ordinal);

    [Fact]
    public void Settings_ThatAreObeyed_AreNotWarnedOf() =>
        Assert.Empty(OperatorFolder.LoadFile("""
            { "Auth": { "Mode": "open" },
              "Keys": [ { "Name": "k", "Key": "x", "Workspace": "w", "AllowedModels": ["*"], "RequestsPerMinute": 1, "TokensPerMinute": 1, "PerUserRequestsPerMinute": 1, "MaxParallel": 1, "BudgetUsd": 0.5, "BudgetTokens": 1, "BudgetPeriod": "week", "Priority": 1, "ExpiresAt": "2030-01-01", "AllowExternal": false } ],
              "Workspaces": [ { "Name": "w", "RequestsPerMinute": 1, "TokensPerMinute": 1, "MaxParallel": 1, "BudgetUsd": 1, "BudgetTokens": 1, "BudgetPeriod": "day", "Weight": 2 } ],
              "Llms": [ { "Name": "a", "Provider": "openai", "Model": "m", "Priority": 1, "IsDefault": true, "RequestsPerMinute": 1, "TokensPerMinute": 1, "MaxParallel": 1, "Weight": 3, "TimeoutSeconds": 1, "Local": true } ],
              "Chains": { "c": { "Llms": ["a"], "Strategy": "weighted" }, "d": { "Llms": ["a"], "Strategy": "balanced" } },
              "Routing": { "Fallback": true, "PreferLocal": true, "ReplicaPolicy": "session", "DefaultStrategy": "cost_optimized", "MaxLatencyMs": 900, "Tasks": { "poetry": "multilingual" } },
              "Resilience": { "DeadlineSeconds": 5, "ConnectSeconds": 1 },
              "Cache": { "Enabled": true, "TtlSeconds": 1, "MaxEntries": 1, "MaxBytes": 1 },
              "Limits": { "RequestsPerMinute": 1, "MaxParallel": 1, "MaxBodyBytes": 1, "BodySeconds": 1, "MaxBufferedBytes": 1, "QueueSeconds": 1, "ExpectedOutputTokens": 5, "KeepAliveSeconds": 1, "ShutdownSeconds": 1, "Unpriced": "refuse" },
              "Alerts": { "WebhookUrl": "http://x", "At": [90] },
              "Logging": { "Format": "json" }, "Metrics": { "Port": 9090 }, "Admin": { "Enabled": false } }
            """).WithoutMistakes().Warnings);
}
