using System.Globalization;
using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Report;
using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>The gateway that counts in Redis against itself that counts alone.</summary>
internal sealed class RedisCell : LoadCell
{
    private const int Connections = 16;
    private const double Target = 25;
    private static readonly string OnRedis = GatewaySize.OnRedis(1).NameOf(ContenderNames.Gateway);

    private Contender? _onRedis;

    public override string Name => "redis";

    public override string Title => "plain call, 16 callers, limits counted in Redis, against counted alone";

    protected override byte[] Request => BenchRequest.Hello;

    // One of the two has served other cells already.
    protected override TimeSpan WarmUp => TimeSpan.FromSeconds(10);

    public override async Task<CellResult> RunAsync(Bench bench, CancellationToken ct)
    {
        bool isAsked = bench.Options.Arms.Contains(ContenderNames.Gateway);
        await using RedisProcess? redis = isAsked ? await bench.Starts.StartRedisAsync(ct) : null;
        if (isAsked && redis is null)
        {
            bench.Absences.Add($"{OnRedis}: redis-server is not installed");
        }
        await using Contender? onRedis = redis is null ? null : await bench.Starts.StartAsync(ContenderNames.Gateway, GatewaySize.OnRedis(redis.Port), ct);
        _onRedis = onRedis;
        CellResult result = await base.RunAsync(bench, ct);
        if (redis is not null && await redis.AskAsync("EXISTS {llmproxy}:limit:gateway", ct) != ":1")
        {
            throw new ContenderException("the gateway did not count in Redis");
        }
        return result;
    }

    public override LoadLoop CreateLoad(int port, Expectation expected, Random random) =>
        new SteadyLoad(port, Request, expected, Connections, TimeSpan.Zero, random);

    protected override async Task<IReadOnlyList<Contender>> ContendersAsync(Bench bench, CancellationToken ct) =>
        _onRedis is not null && await bench.EnsureAsync(ContenderNames.Gateway, GatewaySize.Small, ct) is { } alone ? [alone, _onRedis] : [];

    protected override CellResult Judge(MeasuredRounds rounds)
    {
        static double Cost(MeasuredWindow w) => w.Window.MicrosecondsPerCall;
        Quartiles more = rounds.Compare(OnRedis, ContenderNames.Gateway, (redis, alone) => Cost(redis) - Cost(alone));
        bool isMeasured = !double.IsNaN(more.Median);
        Dictionary<string, string> relative = ContenderNames.All.ToDictionary(n => n, _ => "–");
        Dictionary<string, string> absolute = new(relative);
        relative[ContenderNames.Gateway] = isMeasured ? $"{more.Text("+0.0;-0.0")} µs" : "–";
        absolute[ContenderNames.Gateway] = isMeasured ? $"{rounds.Of(OnRedis, Cost).Text("0.0")} against {rounds.Of(ContenderNames.Gateway, Cost).Text("0.0")}" : "–";
        return new()
        {
            Name = Name,
            Title = Title,
            Relative = relative,
            Target = string.Create(CultureInfo.InvariantCulture, $"≤ +{Target:0} µs"),
            Met = isMeasured ? more.Median <= Target : null,
            Unit = "µs of processor time per call",
            Absolute = absolute,
        };
    }
}
