using LlmProxy.Redis;
using StackExchange.Redis;

namespace LlmProxy.Tests.Redis;

public sealed class RedisAddressTests
{
    [Theory]
    [InlineData("redis-1", "redis-1:6379", 0, false)]
    [InlineData("redis-1:7000, redis-2:7001 ,redis-3", "redis-1:7000,redis-2:7001,redis-3:6379", 0, false)]
    [InlineData("10.0.0.7:6380,ssl=true,defaultDatabase=3,abortConnect=false,connectTimeout=5000", "10.0.0.7:6380", 3, true)]
    [InlineData("redis://cache", "cache:6379", 0, false)]
    [InlineData("redis://cache:7000/2", "cache:7000", 2, false)]
    [InlineData("REDISS://cache.example:6380/0?socket_timeout=5", "cache.example:6380", 0, true)]
    [InlineData("redis://a:1,b:2/4", "a:1,b:2", 4, false)]
    [InlineData("redis://[::1]:7000?db=9", "[::1]:7000", 9, false)]
    [InlineData("::1", "[::1]:6379", 0, false)]
    [InlineData("redis://default:secret@cache", "cache:6379", 0, false)]
    public void Parse_EveryForm_FindsHostsDatabaseAndTls(string connection, string hosts, int database, bool isTls)
    {
        var address = RedisAddress.Parse(connection);

        Assert.Equal(hosts, string.Join(',', address.Hosts));
        Assert.Equal(database, address.Database);
        Assert.Equal(isTls, address.IsTls);
    }

    [Theory]
    [InlineData("redis://:p%40ss%2Fword@cache", "p@ss/word")]
    [InlineData("redis://default:p:w@cache:1", "p:w")]
    [InlineData("cache,password=a=b", "a=b")]
    [InlineData("cache", "")]
    public void Parse_Password_IsFoundAndNeverShown(string connection, string password)
    {
        var address = RedisAddress.Parse(connection);

        Assert.Equal(password, address.Password);
        Assert.Equal("cache", address.Label[..5]);
        Assert.True(password.Length == 0 || !address.Label.Contains(password, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("redis://alice:secret@cache", "user other than default")]
    [InlineData("redis://alice@cache", "user other than default")]
    [InlineData("cache,user=alice,password=secret", "user other than default")]
    [InlineData("redis-sentinel://cache", "scheme")]
    [InlineData("unix:///run/redis.sock", "scheme")]
    [InlineData("cache,serviceName=mymaster", "Sentinel")]
    [InlineData("cache:0", "port")]
    [InlineData("cache:secret", "port")]
    [InlineData("redis://:secret@", "no host")]
    [InlineData("password=secret", "no host")]
    [InlineData("cache,colour=secret", "colour")]
    [InlineData("redis://cache/secret", "database")]
    [InlineData("cache,ssl=secret", "ssl")]
    [InlineData("a b", "host")]
    public void Problem_OfUnusableConnection_SaysWhatIsWrongAndKeepsTheSecret(string connection, string says)
    {
        string? problem = RedisAddress.Problem(connection);

        Assert.NotNull(problem);
        Assert.Contains(says, problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("alice", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void ToOptions_Address_BecomesTheClientsOwn()
    {
        ConfigurationOptions options = RedisAddress.Parse("rediss://default:pw@one:1,two:2/5").ToOptions();

        Assert.Equal(2, options.EndPoints.Count);
        Assert.Equal(("pw", true, 5), (options.Password, options.Ssl, options.DefaultDatabase));
    }

    [Fact]
    public void IsSame_AfterAReload_SeesOnlyRealChanges()
    {
        var address = RedisAddress.Parse("redis://:pw@a:1,b:2");

        Assert.True(address.IsSame(RedisAddress.Parse("a:1,b:2,password=pw")));
        Assert.False(address.IsSame(RedisAddress.Parse("a:1,b:3,password=pw")));
        Assert.False(address.IsSame(RedisAddress.Parse("a:1,b:2,password=other")));
    }
}
