using System.Text.Json;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Redis comes, goes, hangs and misbehaves: the log says so once each way, and no call fails for it.</summary>
public sealed class RedisLinkTests
{
    private const string Up = "Redis is there";
    private const string Away = "Redis cannot be used";

    [RedisFact]
    public async Task Gateway_StartedBeforeRedis_FindsItLater()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await redis.KillAsync();
        await using GatewayProcess gateway = await StartAsync(redis.Address);

        await SaidAsync(gateway, Away);
        Assert.Equal(200, (await gateway.Client.ChatAsync("dummy")).Status);
        await redis.ResumeAsync();
        await SaidAsync(gateway, Up);
    }

    [RedisFact]
    public async Task Redis_KilledAndBack_IsToldOnceEachWay()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using GatewayProcess gateway = await StartAsync(redis.Address);
        await SaidAsync(gateway, Up);

        await redis.KillAsync();
        await SaidAsync(gateway, Away);
        Assert.Equal(200, (await gateway.Client.ChatAsync("dummy")).Status);
        await redis.ResumeAsync();
        await SaidAsync(gateway, Up, times: 2);

        Assert.Equal(1, Count(gateway, Away));
    }

    [RedisFact]
    public async Task Redis_Hung_IsNoticedAndFoundAgain()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using GatewayProcess gateway = await StartAsync(redis.Address);
        await SaidAsync(gateway, Up);

        redis.Hang();
        await SaidAsync(gateway, Away);
        Assert.Equal(200, (await gateway.Client.ChatAsync("dummy")).Status);
        redis.Continue();
        await SaidAsync(gateway, Up, times: 2);
    }

    [RedisFact]
    public async Task Gateway_StartedWhileRedisHangs_ServesAtOnce()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        redis.Hang();
        await using GatewayProcess gateway = await StartAsync(redis.Address);

        Assert.Equal(200, (await gateway.Client.ChatAsync("dummy")).Status);
        await SaidAsync(gateway, Away);
        redis.Continue();
        await SaidAsync(gateway, Up);
    }

    [RedisFact]
    public async Task Redis_OutOfMemory_IsNamed()
    {
        await using RedisServer redis = await RedisServer.StartAsync("--maxmemory", "1mb", "--maxmemory-policy", "noeviction");
        await using GatewayProcess gateway = await StartAsync(redis.Address);

        Assert.Contains("out of memory", await SaidAsync(gateway, Away), StringComparison.Ordinal);
        Assert.Equal(200, (await gateway.Client.ChatAsync("dummy")).Status);
        await redis.SendAsync("CONFIG", "SET", "maxmemory", "0");
        await SaidAsync(gateway, Up);
    }

    [RedisFact]
    public async Task Redis_WithoutEnoughReplicas_IsNamed()
    {
        await using RedisServer redis = await RedisServer.StartAsync("--min-replicas-to-write", "1");
        await using GatewayProcess gateway = await StartAsync(redis.Address);

        Assert.Contains("min-replicas-to-write", await SaidAsync(gateway, Away), StringComparison.Ordinal);
        await redis.SendAsync("CONFIG", "SET", "min-replicas-to-write", "0");
        await SaidAsync(gateway, Up);
    }

    [RedisFact]
    public async Task Redis_ReadOnlyReplica_IsNotWaitedFor()
    {
        await using RedisServer primary = await RedisServer.StartAsync();
        await using RedisServer replica = await RedisServer.StartAsync("--replicaof", "127.0.0.1", $"{primary.Port}");
        await using GatewayProcess gateway = await StartAsync(replica.Address);

        await SaidAsync(gateway, Away);
        Assert.Equal(200, (await gateway.Client.ChatAsync("dummy")).Status);
        await replica.SendAsync("REPLICAOF", "NO", "ONE");
        await SaidAsync(gateway, Up);
    }

    [RedisFact]
    public async Task Redis_WithAnotherPassword_IsNamedAndTheSecretKept()
    {
        await using RedisServer redis = await RedisServer.StartAsync("--requirepass", "right");
        await using GatewayProcess gateway = await StartAsync($"redis://:wrong-secret@{redis.Address}");

        Assert.Contains("password", await SaidAsync(gateway, Away), StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-secret", gateway.Logs.Text, StringComparison.Ordinal);
        await gateway.WriteConfigAsync(Config($"redis://default:right@{redis.Address}/3"));
        await SaidAsync(gateway, Up);
    }

    [Fact]
    public async Task Connection_WithAUser_IsRefusedAtTheStart()
    {
        EndedGateway ended = await GatewayProcess.RunToExitAsync(new GatewaySettings { Config = Config("redis://alice:secret@localhost") });

        Assert.NotEqual(0, ended.ExitCode);
        Assert.Contains("LlmProxy:Redis:Connection: names a user other than default", ended.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", ended.Log, StringComparison.Ordinal);
    }

    private static string Config(string connection) => JsonSerializer.Serialize(new
    {
        LlmProxy = new { Llms = new object[] { new { Name = "dummy", Provider = "dummy", Model = "dummy" } }, Redis = new { Connection = connection } },
    });

    private static Task<GatewayProcess> StartAsync(string connection) => GatewayProcess.StartAsync(new GatewaySettings { Config = Config(connection) });

    private static Task<string> SaidAsync(GatewayProcess gateway, string text, int times = 1) =>
        gateway.Logs.WaitForAsync(line => line.Contains(text, StringComparison.Ordinal) && Count(gateway, text) >= times);

    private static int Count(GatewayProcess gateway, string text) => gateway.Logs.Text.Split('\n').Count(line => line.Contains(text, StringComparison.Ordinal));
}
