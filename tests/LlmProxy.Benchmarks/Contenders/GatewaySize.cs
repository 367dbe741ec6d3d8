namespace LlmProxy.Benchmarks.Contenders;

/// <summary>How much is configured in a gateway.</summary>
internal readonly record struct GatewaySize(int Keys, int Llms)
{
    public static GatewaySize Small => new(1, 1);

    public static GatewaySize Large => new(10_000, 1_000);

    /// <summary>A contender's name, told apart from its smaller self.</summary>
    public string NameOf(string contender) => this == Small ? contender : contender + "-large";
}
