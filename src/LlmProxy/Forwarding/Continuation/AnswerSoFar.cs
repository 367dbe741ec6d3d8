using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Dialects;
using LlmProxy.Pipeline;
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

    /// <summary>
    /// Of vendors that are not known to repeat a beginning only a long repetition is taken for one: a short one may be how
    /// the text goes on ("ha" after "ha").
    /// </summary>
    private const int LeastRepetition = 32;

    private readonly ArrayBufferWriter<byte> _text = new();
    private readonly List<LeftOff> _left = [];
    private int _ownText;
    private bool _isPlain = true;
    private bool _isThinking;

    /// <summary>What has written the client's bytes; null while a vendor's own were handed on.</summary>
    public ChatSink? Sink { get; private set; }

    /// <summary>What a sink must know of the vendor's own bytes to write behind them; null where there are none.</summary>
    public PassedAnswer? Passed { get; set; }

    public bool IsFinished { get; private set; }

    /// <summary>Who had begun, and how far they came.</summary>
    public IReadOnlyList<LeftOff> Left => _left;

    /// <summary>What the LLMs that left off have used.</summary>
    public TokenUsage UsageBefore { get; private set; }

    /// <summary>What they cost; null when one of them has no price.</summary>
    public decimal? CostBefore { get; private set; } = 0m;

    /// <summary>What those cost whose price is known.</summary>
    public decimal KnownCostBefore { get; private set; }

    /// <summary>Whether one of them had not said what it used, so that it was counted here.</summary>
    public bool IsEstimated { get; private set; }

    public static bool IsWished(Exchange exchange, IChatFront front) => exchange.Wishes.Continue == true && exchange.IsStream && front.GoesOn;

    /// <summary>A translated answer begins: it is told to the client's sink and noted.</summary>
    public static ChatSink Watch(ChatTurn turn, ChatSink client)
    {
        var soFar = new AnswerSoFar { Sink = client };
        turn.Facts.SoFar = soFar;
        return new AnswerTap(soFar, client);
    }

    /// <summary>An answer begins whose bytes pass to the client as they are: its text is read along. Null where nobody goes on with it.</summary>
    public static PassedText? WatchPassed(Exchange exchange, RouteTarget target, AttemptFacts facts)
    {
        if (exchange.Wishes.Continue != true || exchange.Endpoint.ChatFront is not { } front || !IsWished(exchange, front)
            || front.OpenReader(target.Deployment.Label) is not { } reader)
        {
            return null;
        }

        facts.SoFar = new AnswerSoFar();
        return new PassedText(facts.SoFar, reader);
    }

    /// <summary>The next LLM's answer goes to the sink that told the first one's.</summary>
    public ChatSink GoOn(ChatTurn turn, IChatFront front, IChatVendor vendor)
    {
        Sink ??= Passed!.OpenSink(turn, front);
        Sink.GoOn(turn);
        BrokenText broken = turn.Facts.GoesOnFrom!;
        bool mayRepeat = broken.Sent.Length >= LeastRepetition || vendor.RepeatsBeginning(turn);
        return new SeamSink(this, Sink, new Seam(broken.Sent, broken.Space, mayRepeat), turn);
    }

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
        TokenUsage used = Estimate(request, target);
        if (reported is { Input: > 0 } said)
        {
            // Told at the beginning, as Anthropic does: what came after it is counted.
            used = said with { Output = Math.Max(said.Output, used.Output) };
        }

        decimal? cost = PriceBook.Cost(target.Facts, target.Deployment.IsLocal, used);
        UsageBefore = UsageBefore.Plus(used);
        CostBefore += cost;
        KnownCostBefore += cost ?? 0m;
        _left.Add(new LeftOff(target, failure, chars, used, cost));
        _ownText = _text.WrittenCount;
    }

    /// <summary>What the running LLM has used, when it does not say so.</summary>
    public TokenUsage Estimate(ChatRequest request, RouteTarget target)
    {
        IsEstimated = true;
        return UsageEstimate.OfEscaped(request, _text.WrittenSpan[_ownText..], target.Model);
    }

    /// <summary>Who had begun, for the "llm" object.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        if (_left.Count == 0)
        {
            return;
        }

        json.WriteString("usage_source", IsEstimated ? "estimated" : "reported");
        json.WriteStartArray("continued");
        foreach (LeftOff left in _left)
        {
            json.WriteStartObject();
            json.WriteString("model", left.Target.Deployment.Name);
            json.WriteString("provider", left.Target.Deployment.ProviderName);
            json.WriteNumber("characters", left.Chars);
            json.WriteString("reason", left.Failure.Code.Wire());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

/// <summary>One LLM that left an answer unfinished.</summary>
/// <param name="Chars">How much of the answer's text was there.</param>
internal sealed record LeftOff(RouteTarget Target, VendorFailure Failure, int Chars, TokenUsage Usage, decimal? CostUsd);
