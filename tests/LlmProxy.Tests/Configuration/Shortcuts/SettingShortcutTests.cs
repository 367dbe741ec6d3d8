using LlmProxy.Configuration.Options;
using Microsoft.Extensions.Logging;

namespace LlmProxy.Tests.Configuration.Shortcuts;

public sealed class SettingShortcutTests
{
    private static GatewayOptions Load(string variables) => OperatorFolder.LoadVariables(LlmShortcutTests.Split(variables)).WithoutMistakes().Options;

    [Theory]
    [InlineData("AUTO_FALLBACK_ENABLED=true", true)]
    [InlineData("AUTO_FALLBACK_ENABLED=False", false)]
    [InlineData("LLM_ENABLE_FALLBACK=0", false)]
    [InlineData("LLM_ENABLE_FALLBACK=yes", true)]
    [InlineData("LLM_BACKEND=dummy", null)]
    public void Fallback_Variables_AreWritten(string variables, bool? expected) => Assert.Equal(expected, Load(variables).Routing.Fallback);

    [Theory]
    [InlineData("FALLBACK_RETRY_ATTEMPTS=4", 4)]
    [InlineData("LLM_MAX_RETRIES=5", 5)]
    [InlineData("LLM_MAX_RETRIES=5 FALLBACK_RETRY_ATTEMPTS=4", 4)]
    [InlineData("LLM_ENABLE_RETRY=false LLM_MAX_RETRIES=5", 0)]
    [InlineData("LLM_ENABLE_RETRY=true", 2)]
    public void Retries_Variables_AreRead(string variables, int expected) => Assert.Equal(expected, Load(variables).Resilience.MaxRetries);

    [Theory]
    [InlineData("LLM_RATE_LIMIT_RPM=30", 30, 0, 60)]
    [InlineData("LLM_CONCURRENT_NUMBER=8", 0, 8, 60)]
    [InlineData("LLM_CONCURRENT_NUMBER=8 LlmProxy__Limits__QueueSeconds=5", 0, 8, 5)]
    public void Limits_OfOldSystems_Wait(string variables, int perMinute, int parallel, int queue)
    {
        LimitsOptions limits = Load(variables).Limits;

        Assert.Equal((perMinute, parallel, queue), (limits.RequestsPerMinute, limits.MaxParallel, limits.QueueSeconds));
    }

    [Theory]
    [InlineData("postgresql://u@h/d", "postgresql://u@h/d")]
    [InlineData("postgresql+psycopg://u@h/d", "postgresql://u@h/d")]
    [InlineData("postgresql+asyncpg://u@h/d", "postgresql://u@h/d")]
    [InlineData("postgres://u@h/d", "postgresql://u@h/d")]
    [InlineData("Host=h;Database=d", "Host=h;Database=d")]
    [InlineData("sqlite:///app.db", "Data Source=app.db")]
    [InlineData("sqlite+aiosqlite:////data/app.db", "Data Source=/data/app.db")]
    public void DatabaseUrl_InEveryToolkitsForm_IsUnderstood(string url, string expected) =>
        Assert.Equal(expected, OperatorFolder.LoadVariables(("DATABASE_URL", url)).WithoutMistakes().Options.Database.Connection);

    [Theory]
    [InlineData("mysql://u:p@h/d")]
    [InlineData("sqlite://")]
    [InlineData("nonsense")]
    public void DatabaseUrl_OfAnotherDatabase_IsLeftOutAndSaid(string url)
    {
        var loaded = OperatorFolder.LoadVariables(("DATABASE_URL", url)).WithoutMistakes();

        Assert.False(loaded.DatabaseIsConfigured);
        loaded.HasWarning("DATABASE_URL: is not used");
    }

    [Theory]
    [InlineData("DEBUG", LogLevel.Debug)]
    [InlineData("info", LogLevel.Information)]
    [InlineData("Warning", LogLevel.Warning)]
    [InlineData("WARN", LogLevel.Warning)]
    [InlineData("ERROR", LogLevel.Error)]
    [InlineData("CRITICAL", LogLevel.Critical)]
    [InlineData("trace", LogLevel.Trace)]
    [InlineData("loud", null)]
    [InlineData("", null)]
    public void LogLevel_InEveryLanguagesWords_IsRead(string written, LogLevel? expected) =>
        Assert.Equal(expected, OperatorFolder.LoadVariables(("LOG_LEVEL", written)).WithoutMistakes().LogLevel);

    [Fact]
    public void LogLevel_ThatNobodyKnows_IsSaid() => OperatorFolder.LoadVariables(("LOG_LEVEL", "loud")).HasWarning("LOG_LEVEL: \"loud\" is no log level");

    [Fact]
    public void Strategy_ThatNobodyKnows_IsLeftOutAndSaid()
    {
        var loaded = OperatorFolder.LoadVariables(("LLM_ROUTING_STRATEGY", "coin_toss")).WithoutMistakes();

        Assert.Equal("", loaded.Options.Routing.DefaultStrategy);
        loaded.HasWarning("LLM_ROUTING_STRATEGY: is not used, because \"coin_toss\" is no strategy that is known");
    }

    [Fact]
    public void ApiKey_Variable_IsAKeyNamedDefault()
    {
        KeyOptions key = Assert.Single(Load("LLMPROXY_API_KEY=sesame").Keys);

        Assert.Equal(("default", "sesame", "default"), (key.Name, key.Key!.Reveal(), key.Workspace));
    }

    [Theory]
    [InlineData("LLMPROXY_APIKEY", "did you mean LLMPROXY_API_KEY?")]
    [InlineData("LLMPROXY_CONFIG_FILES", "did you mean LLMPROXY_CONFIG_FILE?")]
    public void Variable_WrittenNearlyRight_IsDoubted(string name, string hint) => OperatorFolder.LoadVariables((name, "x")).WithoutMistakes().HasWarning(hint);

    [Fact]
    public void Variables_ThatAClusterPutsThere_AreIgnored() =>
        Assert.Empty(OperatorFolder.LoadVariables(("LLMPROXY_SERVICE_HOST", "10.0.0.1"), ("LLMPROXY_PORT", "tcp://10.0.0.1:80"), ("LLMPROXY_PORT_80_TCP", "x")).WithoutMistakes().Warnings);
}
