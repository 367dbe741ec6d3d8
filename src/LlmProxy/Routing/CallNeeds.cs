using LlmProxy.Configuration.Options;
using LlmProxy.Conversation.Shortening;
using LlmProxy.Pipeline;
using ExpectedOutputTokens = LlmProxy.Conversation.Shortening.ExpectedOutput;

namespace LlmProxy.Routing;

/// <summary>
/// What one call needs of the LLM that is to answer it. Each part is found out when it is first asked for: most plans ask
/// for few of them.
/// </summary>
internal sealed class CallNeeds
{
    private readonly RequestPeek? _peek;
    private readonly ReadOnlyMemory<byte> _body;
    private readonly TimeProvider _time;
    private readonly int _usualOutput;
    private readonly bool _isConversation;
    private bool? _tools;
    private bool? _json;
    private bool? _images;
    private int? _prompt;
    private int? _mostOutput;
    private long _now;

    public CallNeeds(in RouteQuery query, IReadOnlyList<string> demanded)
    {
        RoutingOptions routing = query.Snapshot.Options.Routing;
        _peek = query.Peek;
        _body = query.Body;
        _time = query.Time ?? TimeProvider.System;
        _usualOutput = query.Snapshot.Options.Limits.ExpectedOutputTokens;
        _isConversation = query.Endpoint.Family is "chat" or "completions" or "responses";
        Random = query.Random ?? Random.Shared;
        Demanded = demanded;
        DemandedBits = Capabilities.Bits(demanded);
        OwnDemands = [.. demanded.Where(name => Capabilities.Bit(name) == 0)];
        MaxLatencyMs = query.Wishes.MaxLatencyMs ?? routing.MaxLatencyMs;
        BudgetUsd = query.Wishes.BudgetRemaining;
        PrefersLocal = query.Wishes.PreferLocal ?? routing.PreferLocal;
        MayTruncate = query.Wishes.Truncate == true;
    }

    public Random Random { get; }

    /// <summary>What the wishes "capability" and "task" say.</summary>
    public IReadOnlyList<string> Demanded { get; }

    public uint DemandedBits { get; }

    /// <summary>Demands by a name that only this operator's LLMs use.</summary>
    public string[] OwnDemands { get; }

    /// <summary>0: no bound.</summary>
    public int MaxLatencyMs { get; }

    public decimal? BudgetUsd { get; }

    public bool PrefersLocal { get; }

    /// <summary>A prompt that is too long is cut: a window removes nobody while no larger one is there.</summary>
    public bool MayTruncate { get; }

    /// <summary>The mean time per token of the candidates whose is known; stands in for the others'.</summary>
    public double MeanTokenMs { get; set; }

    public bool NeedsTools => _tools ??= _isConversation && _peek is not null && RequestShape.HasTools(_peek, _body.Span);

    public bool NeedsJson => _json ??= _isConversation && _peek is not null && RequestShape.WantsJson(_peek, _body.Span);

    public bool NeedsVision => _images ??= _isConversation && _peek is not null && RequestShape.HasImages(_body.Span);

    /// <summary>Estimated from the bytes.</summary>
    public int PromptTokens => _prompt ??= _peek is null ? 0 : (int)Math.Min(int.MaxValue, PromptSize.Estimate(_peek, _body.Span));

    /// <summary>What the request needs besides what was demanded, as the bits of capabilities.</summary>
    public uint ImpliedBits =>
        (NeedsTools ? Capabilities.Bit(Capabilities.Tools) : 0)
        | (NeedsJson ? Capabilities.Bit(Capabilities.Json) : 0)
        | (NeedsVision ? Capabilities.Bit(Capabilities.Vision) : 0);

    public long Now => _now != 0 ? _now : _now = _time.GetTimestamp();

    /// <summary>Whether the prompt is longer than a window; its text is looked through only where its bytes leave a doubt.</summary>
    public bool Exceeds(int window) => _isConversation && _body.Length > window && PromptTokens > window;

    /// <summary>What the caller allows, else what answers usually have; never more than the LLM can.</summary>
    public int ExpectedOutput(RouteTarget target)
    {
        if (!_isConversation)
        {
            return 0;
        }

        int most = _mostOutput ??= _peek is null ? 0 : (int)Math.Min(int.MaxValue, ExpectedOutputTokens.Allowed(_peek, _body) ?? 0);
        int expected = most > 0 ? most : _usualOutput;
        int able = target.Facts.MaxOutputTokens;
        return able > 0 && able < expected ? able : expected;
    }

    /// <summary>USD this call is expected to cost; NaN where the price is not known. A local LLM without price costs nothing.</summary>
    public double ExpectedCost(RouteTarget target) =>
        (PromptTokens * target.InputUsdPerToken) + (ExpectedOutput(target) * target.OutputUsdPerToken);

    /// <summary>USD per million of this call's tokens: what the LLM is worth whatever the call's size.</summary>
    public double BlendedPrice(RouteTarget target)
    {
        double prompt = PromptTokens;
        double tokens = prompt + ExpectedOutput(target);
        return tokens == 0 ? target.InputUsdPerToken * 1e6 : ExpectedCost(target) / tokens * 1e6;
    }

    /// <summary>The time to the first output to reckon with: measured, else typical, else a second.</summary>
    public double FirstOutputMs(RouteTarget target) =>
        target.State.Latency.ExpectedFirstMs(target.Facts.TypicalLatencyMs > 0 ? target.Facts.TypicalLatencyMs : 1000, Now);

    /// <summary>The time to the end of the answer to reckon with.</summary>
    public double ExpectedMs(RouteTarget target)
    {
        double pace = target.State.Latency.ExpectedTokenMs(Now);
        return FirstOutputMs(target) + ((pace > 0 ? pace : MeanTokenMs) * ExpectedOutput(target));
    }
}
