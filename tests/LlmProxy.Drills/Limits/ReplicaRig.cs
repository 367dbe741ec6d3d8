using System.Globalization;
using System.Text.Json;
using LlmProxy.TestKit;

namespace LlmProxy.Drills.Limits;

/// <summary>Three gateways on one Redis, each with its own database, before an upstream whose answers have a price.</summary>
internal sealed class ReplicaRig : IAsyncDisposable
{
    /// <summary>What each answer costs: five tokens of output, reserved as exactly that.</summary>
    public const decimal CostOfOne = 5 * 200m / 1_000_000;

    public const string Limited = "sk-drill-limited-0123456789";
    public const string Free = "sk-drill-free-0123456789";

    private const int Replicas = 3;

    private ReplicaRig(RedisServer redis, ScriptedUpstream upstream) => (Redis, Upstream) = (redis, upstream);

    public RedisServer Redis { get; }

    public ScriptedUpstream Upstream { get; }

    public List<GatewayProcess> Gateways { get; } = [];

    public List<HttpClient> Clients { get; } = [];

    /// <param name="limits">Of the key whose limits are tried.</param>
    /// <param name="whenAway">Limits:WhenStoreIsDown.</param>
    /// <param name="timeoutMs">Redis:TimeoutMs; 0: its default.</param>
    public static async Task<ReplicaRig> StartAsync(Dictionary<string, object> limits, string whenAway = "local", int timeoutMs = 0)
    {
        RedisServer redis = await RedisServer.StartAsync();
        var rig = new ReplicaRig(redis, await ScriptedUpstream.StartAsync());
        Dictionary<string, object> key = new(limits) { ["Name"] = "limited", ["Key"] = Limited };
        Dictionary<string, object> link = new() { ["Connection"] = redis.Address, ["Prefix"] = "drill" };
        if (timeoutMs > 0)
        {
            link["TimeoutMs"] = timeoutMs;
        }

        string config = JsonSerializer.Serialize(new
        {
            LlmProxy = new
            {
                Llms = new object[] { new { Name = "main", Provider = "custom", Model = "m", rig.Upstream.BaseUrl, InputPricePerMillion = 0, CachedInputPricePerMillion = 0, OutputPricePerMillion = 200, MaxOutputTokens = 5 } },
                Keys = new object[] { key, new { Name = "free", Key = Free } },
                Limits = new { WhenStoreIsDown = whenAway },
                Redis = link,
            },
        });
        for (int i = 0; i < Replicas; i++)
        {
            rig.Gateways.Add(await GatewayProcess.StartAsync(new GatewaySettings { Config = config, Deadline = TimeSpan.FromMinutes(2) }));
        }

        foreach (GatewayProcess gateway in rig.Gateways)
        {
            await gateway.Logs.WaitForAsync("Redis is there", deadline: TimeSpan.FromMinutes(1));
            HttpClient client = gateway.NewClient();
            client.DefaultRequestHeaders.Add("x-api-key", Limited);
            rig.Clients.Add(client);
        }

        await Task.WhenAll(Enumerable.Range(0, 90).Select(i => rig.Gateways[i % Replicas].Client.ChatAsync("main", ("x-api-key", Free))));
        return rig;
    }

    /// <summary>The reply's one word; empty where there is none.</summary>
    public async Task<string> WordAsync(params string[] command)
    {
        string[] lines = (await Redis.SendAsync(command)).Split("\r\n");
        return lines[0].StartsWith('$') ? (lines[0] == "$-1" ? "" : lines[1]) : lines[0][1..];
    }

    /// <summary>Fields of a hash whose names begin so, added up.</summary>
    public async Task<decimal> SumAsync(string key, string fieldPrefix)
    {
        string[] words = (await Redis.SendAsync("HGETALL", key)).Split("\r\n");
        decimal sum = 0;
        for (int i = 2; i + 2 < words.Length; i += 4)
        {
            if (words[i].StartsWith(fieldPrefix, StringComparison.Ordinal))
            {
                sum += decimal.Parse(words[i + 2], CultureInfo.InvariantCulture);
            }
        }

        return sum;
    }

    /// <summary>How often the gateways found Redis away: exactness is promised only while they did not.</summary>
    public int TimesAway => Gateways.Sum(gateway => gateway.Logs.Lines.Count(line => line.Contains("Redis cannot be used", StringComparison.Ordinal)));

    public async ValueTask DisposeAsync()
    {
        Clients.ForEach(client => client.Dispose());
        foreach (GatewayProcess gateway in Gateways)
        {
            await gateway.DisposeAsync();
        }

        await Upstream.DisposeAsync();
        await Redis.DisposeAsync();
    }
}
