using System.Globalization;
using System.Text.Json;
using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks.Contenders;

/// <summary>The gateway as it is built, with everything on: keys, limits, metrics, the log line at Information and all defaults.</summary>
internal static class GatewayConfiguration
{
    public const string CallerKey = "sk-bench-0000000000000000000000000000000000000000";
    public const string Described = "keys, limits (key and gateway), metrics, log line at Information to a file, all defaults";

    private const int ManyRequests = 2_000_000_000;

    public static ChildProcess Start(Workplace place, int port, int upstreamPort, GatewaySize size)
    {
        string program = place.Options.GatewayPath;
        if (!File.Exists(program))
        {
            throw new ContenderException($"the gateway is not built: there is no {program}");
        }
        string folder = place.NewFolder("gateway");
        string file = Path.Combine(folder, "gateway.json");
        File.WriteAllBytes(file, JsonSerializer.SerializeToUtf8Bytes(Build(upstreamPort, size)));
        Dictionary<string, string> environment = new(place.Options.GatewayEnvironment)
        {
            ["LLMPROXY_CONFIG_FILE"] = file,
            ["LLMPROXY_ENV_FILE"] = "none",
            ["ASPNETCORE_URLS"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"),
        };
        if (size.RedisPort != 0)
        {
            environment["REDIS_URL"] = string.Create(CultureInfo.InvariantCulture, $"redis://127.0.0.1:{size.RedisPort}");
        }
        return Workplace.Start("gateway", [Workplace.DotNet, program], folder, environment);
    }

    private static object Build(int upstreamPort, GatewaySize size) => new
    {
        LlmProxy = new
        {
            Auth = new { Mode = "keys" },
            EnvironmentLlms = "never",
            Keys = Enumerable.Range(0, size.Keys).Select(Key),
            Llms = Enumerable.Range(0, size.Llms).Select(i => Llm(i, upstreamPort)).Append(ClaudeLlm(upstreamPort)),
            Limits = new { RequestsPerMinute = ManyRequests, MaxParallel = 1_000_000 },
            Cache = new { Enabled = size.Caches },
        },
    };

    private static object Key(int number) => new
    {
        Name = Numbered("caller", number),
        Key = number == 0 ? CallerKey : Numbered(CallerKey, number),
        RequestsPerMinute = ManyRequests,
        MaxParallel = 1_000_000,
    };

    private static object Llm(int number, int upstreamPort) => new
    {
        Name = Numbered(BenchRequest.Model, number),
        Provider = "openai",
        Model = "gpt-4o-2024-08-06",
        BaseUrl = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{upstreamPort}/v1"),
        Auth = new { api_key = "sk-vendor-000000000000000000000000000000000000" },
    };

    private static object ClaudeLlm(int upstreamPort) => new
    {
        Name = BenchRequest.ClaudeModel,
        Provider = "anthropic",
        Model = "claude-sonnet-4-5-20250929",
        BaseUrl = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{upstreamPort}"),
        Auth = new { api_key = "sk-vendor-000000000000000000000000000000000000" },
    };

    // The first keeps the bare name: it is the one that the calls use.
    private static string Numbered(string name, int number) =>
        number == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}-{number}");
}
