using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Rig;
using LlmProxy.Benchmarks.Roles;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>The hundred paced streams, translated.</summary>
internal sealed class TranslatedStreamCell : TranslatedCell
{
    private const int Streams = 100;
    private const int EveryMs = 20;

    public override string Name => "claude-stream";

    public override string Title => "paced stream, Anthropic → OpenAI, 100 open, a delta every 20 ms, per vendor event";

    protected override double Target => 1.2;

    protected override int Deltas => 250;

    protected override TimeSpan Length => TimeSpan.FromSeconds(8);

    protected override TimeSpan Ramp => TimeSpan.FromSeconds(1.5);

    protected override bool ReusesConnections => false; // A load that stops leaves its streams, and with them their connections.

    protected override byte[] Request { get; } = BenchRequest.Small(new(AskedAnswer.ClaudePaced, 250, EveryMs, Usage: false));

    public override LoadLoop CreateLoad(int port, Expectation expected, Random random) =>
        new SteadyLoad(port, Request, expected, Streams, TimeSpan.FromSeconds(1), random);
}
