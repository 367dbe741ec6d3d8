using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Rig;
using LlmProxy.Benchmarks.Roles;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>The unpaced burst, translated.</summary>
internal sealed class TranslatedBurstCell : TranslatedCell
{
    private const int Connections = 8;

    public override string Name => "claude-burst";

    public override string Title => "unpaced burst, Anthropic → OpenAI, 512 deltas a stream, 8 callers, per vendor event";

    protected override double Target => 8;

    protected override int Deltas => BakedClaudeStream.BurstDeltas;

    protected override byte[] Request { get; } = BenchRequest.Small(new(AskedAnswer.ClaudeBurst, BakedClaudeStream.BurstDeltas, 0, Usage: false));

    public override LoadLoop CreateLoad(int port, Expectation expected, Random random) =>
        new SteadyLoad(port, Request, expected, Connections, TimeSpan.Zero, random);
}
