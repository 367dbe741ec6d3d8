using System.Buffers;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Tokens;

namespace LlmProxy.Forwarding.Continuation;

/// <summary>
/// What a client has got of a streamed answer, kept while the caller wishes it to be gone on with: one for each answer, told by
/// every LLM that had a part in it. Only plain text can be gone on with.
/// </summary>
internal sealed class AnswerSoFar
{
    /// <summary>Longer answers are not kept, and not gone on with.</summary>
    public const int MostBytes = 1024 * 1024;

    private readonly ArrayBufferWriter<byte> _text = new();
    private readonly List<LeftOff> _left = [];
    private int _ownText;
    private bool _isPlain = true;
    private bool _isThinking;

    /// <summary>What has written the client's bytes; null while a vendor's own were handed on.</summary>
    public ChatSink? Sink { get; set; }

    /// <summary>What the vendor's own bytes told of the answer; null where they were translated.</summary>
    public PassedAnswer? Passed { get; set; }

    public bool IsFinished { get; private set; }

    /// <summary>Who had begun, and how far they came.</summary>
    public IReadOnlyList<LeftOff> Left => _left;

    /// <summary>What the LLMs that left off have used.</summary>
    public TokenUsage UsageBefore { get; private set; }

    /// <summary>What they cost; null when one of them has no price.</summary>
    public decimal? CostBefore { get; private set; } = 0m;

    /// <summary>Whether one of them had not said what it used, so that it was counted here.</summary>
    public bool IsEstimated { get; private set; }

    public void Text(ReadOnlySpan<byte> escaped)
    {
        _isThinking = false;
        if (_text.WrittenCount + escaped.Length > MostBytes)
        {
            MoreThanText();
        }
        else if (_isPlain)
        {
            _text.Write(escaped);
        }
    }

    public void Thinks() => _isThinking = true;

    public void Finished() => IsFinished = true;

    /// <summary>Something has come that no other LLM could go on from.</summary>
    public void MoreThanText()
    {
        _isPlain = false;
        _text.Clear();
    }

    /// <summary>The text that another LLM can go on from; null: none can.</summary>
    public BrokenText? Break() => _isPlain && !_isThinking && !IsFinished ? BrokenText.Of(_text.WrittenSpan) : null;

    /// <summary>The running LLM has left off here: what it used is added up, counted where it has not said so.</summary>
    public void LeaveOff(RouteTarget target, ChatRequest request, TokenUsage? reported, VendorFailure failure, int chars)
    {
        ReadOnlySpan<byte> own = _text.WrittenSpan[_ownText..];
        TokenUsage used = UsageEstimate.OfEscaped(request, own, target.Model);
        if (reported is { Input: > 0 } said)
        {
            // Told at the beginning, as Anthropic does: what came after it is counted.
            used = said with { Output = Math.Max(said.Output, used.Output) };
        }

        IsEstimated = true;
        UsageBefore = UsageBefore.Plus(used);
        CostBefore += PriceBook.Cost(target.Facts, target.Deployment.IsLocal, used);
        _left.Add(new LeftOff(target, failure, chars));
        _ownText = _text.WrittenCount;
    }
}

/// <summary>One LLM that left an answer unfinished.</summary>
/// <param name="Chars">How much of the answer's text was there.</param>
internal sealed record LeftOff(RouteTarget Target, VendorFailure Failure, int Chars);
