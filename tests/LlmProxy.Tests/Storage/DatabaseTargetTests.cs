using LlmProxy.Storage;
using Npgsql;

namespace LlmProxy.Tests.Storage;

public sealed class DatabaseTargetTests
{
    [Fact]
    public void File_BelowTheRoot_IsSqlite()
    {
        var target = DatabaseTarget.Parse("Data Source=data/llmproxy.db", "/srv/gateway");

        Assert.Equal(DatabaseKind.Sqlite, target.Kind);
        Assert.Equal("/srv/gateway/data/llmproxy.db", target.Path);
        Assert.Equal("SQLite /srv/gateway/data/llmproxy.db", target.Label);
    }

    [Theory]
    [InlineData("postgresql://gate:p%40ss%2Fword@db.example:6432/llm?sslmode=verify-full&connect_timeout=7", "p@ss/word", SslMode.VerifyFull)]
    [InlineData("postgres://gate:p%40ss%2Fword@db.example:6432/llm?connect_timeout=7&pgbouncer=true", "p@ss/word", SslMode.Prefer)]
    [InlineData("Host=db.example;Port=6432;Database=llm;Username=gate;Password=secret;Timeout=7", "secret", SslMode.Prefer)]
    public void Server_InEitherForm_IsPostgreSql(string connection, string password, SslMode mode)
    {
        var target = DatabaseTarget.Parse(connection, "/");
        var settings = new NpgsqlConnectionStringBuilder(target.Connection);

        Assert.Equal(DatabaseKind.PostgreSql, target.Kind);
        Assert.Equal(("db.example", 6432, "llm", "gate"), (settings.Host, settings.Port, settings.Database, settings.Username));
        Assert.Equal((password, 7, mode), (settings.Password, settings.Timeout, settings.SslMode));
        Assert.Equal("PostgreSQL db.example:6432/llm", target.Label);
    }

    [Fact]
    public void Server_WithIpv6AndNoPort_KeepsTheUsualPort()
    {
        var settings = new NpgsqlConnectionStringBuilder(DatabaseTarget.Parse("postgresql://gate@[::1]/llm", "/").Connection);

        Assert.Equal(("::1", 5432), (settings.Host, settings.Port));
    }

    [Theory]
    [InlineData("")]
    [InlineData("llmproxy.db")]
    [InlineData("Data Source=:memory:")]
    [InlineData("Data Source=")]
    [InlineData("Password=hunter2-hunter2")]
    [InlineData("postgresql://gate:hunter2-hunter2@db.example:many/llm")]
    [InlineData("postgresql://gate:hunter2-hunter2@/llm")]
    [InlineData("postgresql://gate:hunter2-hunter2@db.example/llm?ssl_mod=verify-full")]
    [InlineData("postgresql://gate:hunter2-hunter2@db.example/llm?sslmode=hunter2-hunter2")]
    [InlineData("Host=db.example;Passwort=hunter2-hunter2")]
    public void Problem_WithWhatIsNoAddress_IsSaidWithoutTheSecret(string connection)
    {
        string? problem = DatabaseTarget.Problem(connection);

        Assert.NotNull(problem);
        Assert.DoesNotContain("hunter2", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Target_OfTheSameText_IsTheSame() =>
        Assert.Equal(DatabaseTarget.Parse("postgresql://a:b@c/d", "/"), DatabaseTarget.Parse("postgresql://a:b@c/d", "/"));
}
