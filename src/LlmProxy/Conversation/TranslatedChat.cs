using LlmProxy.Dialects;
using LlmProxy.Forwarding;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Media;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Conversation;

/// <summary>A conversation whose client and vendor speak different dialects.</summary>
internal sealed class TranslatedChat : VendorCall
{
    private readonly IChatVendor _vendor;
    private readonly IChatFront _front;
    private readonly ChatTurn _turn;
    private readonly WrittenBody _body = new();
    private bool _isWritten;

    public TranslatedChat(Exchange exchange, RouteTarget target, AttemptFacts facts, IChatVendor vendor)
    {
        _vendor = vendor;
        _front = exchange.Endpoint.ChatFront!;
        ChatRequest request = exchange.ReadChat();
        ChatRequest own = ConfigDefaults.AddTo(request, target.Deployment);
        _turn = new ChatTurn(exchange, target, facts.GoesOnFrom?.AddTo(own, target.Model) ?? own, facts) { GoesOn = facts.GoesOnFrom is not null };
        Requests = request.AsksNothing ? 0 : vendor.HasChoices ? 1 : request.Choices;
    }

    public override int Requests { get; }

    public override bool IsTranslated => true;

    public override string Path => _vendor.PathFor(_turn);

    public override StreamForm Stream => Requests == 1
        ? _vendor.Stream
        : new StreamForm(_vendor.Stream.MediaType, () => new MergedFramer(Requests, _vendor.Stream.OpenFramer));

    public override async ValueTask PrepareAsync(CancellationToken cancellation)
    {
        foreach (ChatMessage message in _turn.Request.Messages)
        {
            foreach (ChatPart part in message.Parts)
            {
                if (part.Media is { Url: not null, Base64.IsEmpty: true } && _vendor.WantsBytes(part, _turn))
                {
                    MediaFetcher fetcher = _turn.Exchange.Http.RequestServices.GetRequiredService<MediaFetcher>();
                    _turn.Fetched[part] = await fetcher.FetchAsync(part, _turn, cancellation);
                }
            }
        }
    }

    public override HttpContent Write(int request)
    {
        if (!_isWritten)
        {
            _isWritten = true;
            _vendor.Write(_turn, _body.Writer);
            if (Requests > 1)
            {
                _turn.Fields.Take("n");
            }

            Dropped = _turn.Fields.Dropped();
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

    public override IStreamTranslator OpenStream() => new ChatStreamTranslator(
        _turn, [.. Enumerable.Range(0, Requests).Select(_ => _vendor.OpenStream(_turn))], OpenSink());

    public override PlainAnswer ReadAnswer(IReadOnlyList<ReadOnlyMemory<byte>> answers, PooledWriter client)
    {
        ChatSink sink = _turn.IsStream ? _front.OpenStream(_turn) : _front.OpenWhole(_turn);
        sink.Output = client;
        if (Requests == 0)
        {
            sink.End();
            return new PlainAnswer(null, null, null);
        }

        try
        {
            ChatSink[] sinks = answers.Count == 1 ? [sink] : ChoiceSink.Over(sink, answers.Count);
            for (int i = 0; i < answers.Count; i++)
            {
                sinks[i].Output = client;
                _vendor.ReadWhole(_turn, answers[i].Span, sinks[i]);
                if (sinks[i].Failure is { } failed)
                {
                    return new PlainAnswer(null, null, failed);
                }
            }
        }
        catch (Exception e) when (ChatStreamTranslator.IsUnreadable(e))
        {
            return new PlainAnswer(null, null, Unreadable());
        }

        return new PlainAnswer(sink.Usage, sink.ReportedModel, sink.HasEnded ? null : Unreadable());
    }

    public override void Dispose()
    {
        _body.Dispose();
        base.Dispose();
    }

    private ChatSink OpenSink() => _turn.GoesOn
        ? _turn.Facts.SoFar!.GoOn(_turn, _front, _vendor)
        : AnswerSoFar.IsWished(_turn.Exchange, _front) ? AnswerSoFar.Watch(_turn, _front.OpenStream(_turn)) : _front.OpenStream(_turn);

    private VendorFailure Unreadable() => new(
        ErrorCode.InvalidProviderResponse,
        $"{TransportFailures.Who(_turn.Target)} sent an answer that is not what {_turn.Llm.ProviderName} documents. Check its base URL.");
}
