using System.Globalization;
using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Rig;
using LlmProxy.Benchmarks.Roles;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>
/// A stream of Anthropic's events: the gateway makes chat chunks of them, the others pass them on. There are fewer chunks
/// than events, so the cost is counted per event that the vendor sent.
/// </summary>
internal abstract class TranslatedCell : CostCell
{
    protected abstract int Deltas { get; }

    protected override bool PerChunk => true;

    protected override double EventsPerFrame(string contender) =>
        contender == ContenderNames.Gateway ? (double)BakedClaudeStream.EventsOf(Deltas) / BakedClaudeStream.ChunksOf(Deltas) : 1;

    protected override Expectation ExpectationFor(string contender, OneAnswer direct) =>
        contender == ContenderNames.Gateway ? new(null, BakedClaudeStream.ChunksOf(Deltas)) : base.ExpectationFor(contender, direct);

    protected override string? DifferenceOf(string contender, OneAnswer answer, OneAnswer direct)
    {
        if (contender != ContenderNames.Gateway || answer.Wrong is not null)
        {
            return base.DifferenceOf(contender, answer, direct);
        }
        int chunks = BakedClaudeStream.ChunksOf(Deltas);
        string text = System.Text.Encoding.UTF8.GetString(answer.Body);
        int words = text.Split("\"content\":\" nevertheless\"").Length - 1;
        return answer.Frames != chunks ? string.Create(CultureInfo.InvariantCulture, $"{answer.Frames} chunks instead of {chunks}")
            : words != Deltas ? string.Create(CultureInfo.InvariantCulture, $"{words} words instead of {Deltas}")
            : null;
    }
}
