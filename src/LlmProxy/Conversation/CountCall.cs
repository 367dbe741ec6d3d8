using System.Text.Json;
using LlmProxy.Dialects;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Tokens;

namespace LlmProxy.Conversation;

/// <summary>
/// How many tokens a conversation has: the vendor says it where it tells that free of charge, else it is counted here and
/// nothing is sent to anybody.
/// </summary>
internal sealed class CountCall : VendorCall
{
    private readonly ITokenVendor? _vendor;
    private readonly ITokenFront _front;
    private readonly ChatTurn _turn;
    private readonly WrittenBody _body = new();
    private bool _isWritten;

    public CountCall(Exchange exchange, RouteTarget target, ITokenVendor? vendor, ITokenFront front)
    {
        _vendor = vendor;
        _front = front;
        _turn = new ChatTurn(exchange, target, ConfigDefaults.AddTo(exchange.ReadChat(), target.Deployment));
    }

    public override int Requests => _vendor is null ? 0 : 1;

    public override bool IsTranslated => true;

    public override string Path => _vendor?.PathFor(_turn) ?? "";

    /// <summary>For every provider, where a client asks for a count and the vendor is not of the client's own dialect.</summary>
    public static CountCall Open(Exchange exchange, RouteTarget target, ITokenVendor? vendor) => new(exchange, target, vendor, exchange.Endpoint.TokenFront!);

    /// <summary>What the vendor's counting does not take is no loss that the caller should hear of: nothing is answered here.</summary>
    public override HttpContent? Write(int request)
    {
        if (!_isWritten)
        {
            _isWritten = true;
            _vendor?.Write(_turn, _body.Writer);
        }

        return _body.Content();
    }

    public override void AddHeaders(HttpRequestMessage request)
    {
        foreach ((string name, string value) in _turn.Headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    public override IStreamTranslator OpenStream() => throw new NotSupportedException("A count is never streamed.");

    public override PlainAnswer ReadAnswer(IReadOnlyList<ReadOnlyMemory<byte>> answers, PooledWriter client)
    {
        try
        {
            long tokens = _vendor is null ? TokenCounter.CountChat(_turn.Request, _turn.Target.Model) : _vendor.Read(_turn, answers[0].Span);
            _front.Write(tokens, client);
            return default;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return new PlainAnswer(null, null, new VendorFailure(
                ErrorCode.InvalidProviderResponse,
                $"{TransportFailures.Who(_turn.Target)} sent a count that is not what {_turn.Llm.ProviderName} documents. Check its base URL."));
        }
    }

    public override void Dispose()
    {
        _body.Dispose();
        base.Dispose();
    }
}
