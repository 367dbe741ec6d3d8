namespace LlmProxy.Benchmarks.Contenders;

/// <summary>How much is configured in a gateway.</summary>
/// <param name="Keys">Virtual keys.</param>
/// <param name="Llms">LLMs.</param>
/// <param name="RedisPort">Where limits are counted; 0: in the process alone.</param>
/// <param name="Caches">Whether answers are kept.</param>
internal readonly record struct GatewaySize(int Keys, int Llms, int RedisPort = 0, bool Caches = false)
{
    public static GatewaySize Small => new(1, 1);

    public static GatewaySize Large => new(10_000, 1_000);

    public static GatewaySize Caching => Small with { Caches = true };

    public static GatewaySize OnRedis(int port) => Small with { RedisPort = port };

    /// <summary>A contender's name, told apart from its smaller self.</summary>
    public string NameOf(string contender) => this switch
    {
        { RedisPort: not 0 } => contender + "-redis",
        { Caches: true } => contender + "-caching",
        { Keys: > 1 } => contender + "-large",
        _ => contender,
    };
}
