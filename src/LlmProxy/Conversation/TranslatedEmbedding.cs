using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Dialects;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Conversation;

/// <summary>Texts whose client and vendor speak different dialects, in as many requests as the vendor's limit makes of them.</summary>
internal sealed class TranslatedEmbedding : VendorCall
{
    private readonly IEmbeddingVendor _vendor;
    private readonly IEmbeddingFront _front;
    private readonly EmbeddingTurn _turn;
    private readonly WrittenBody?[] _bodies;
    private readonly int _perRequest;

    public TranslatedEmbedding(Exchange exchange, RouteTarget target, IEmbeddingVendor vendor)
    {
        _vendor = vendor;
        _front = exchange.Endpoint.EmbeddingFront!;
        _turn = new EmbeddingTurn(exchange, target, WithDefaults(exchange.ReadEmbedding(), target.Deployment));
        int count = _turn.Request.Inputs.Count;
        _perRequest = Math.Clamp(vendor.MaxInputs(_turn), 1, Math.Max(1, count));
        _bodies = new WrittenBody?[Math.Max(1, (count + _perRequest - 1) / _perRequest)];
    }

    public override int Requests => _bodies.Length;

    public override bool IsTranslated => true;

    public override string Path => _vendor.PathFor(_turn);

    /// <summary>The first is written alone, the others at the same time: what is dropped is known by then.</summary>
    public override HttpContent Write(int request)
    {
        WrittenBody? body = _bodies[request];
        if (body is null)
        {
            _bodies[request] = body = new WrittenBody();
            int first = request * _perRequest;
            _vendor.Write(_turn, first, Math.Min(_perRequest, _turn.Request.Inputs.Count - first), body.Writer);
            if (request == 0)
            {
                _turn.Fields.Take("encoding_format"); // Ours to honour, whatever the vendor answers.
                Dropped = _turn.Fields.Dropped();
            }
        }

        return body.Content();
    }

    public override IStreamTranslator OpenStream() => throw new NotSupportedException("Embeddings are never streamed.");

    public override PlainAnswer ReadAnswer(IReadOnlyList<ReadOnlyMemory<byte>> answers, PooledWriter client)
    {
        var answer = new EmbeddingAnswer();
        TokenUsage? sum = null;
        try
        {
            foreach (ReadOnlyMemory<byte> body in answers)
            {
                answer.Usage = null;
                _vendor.Read(_turn, body, answer);
                sum = answer.Usage is { } usage ? usage.Plus(sum ?? default) : sum;
            }

            answer.Usage = sum;
            if (answer.Vectors.Count != _turn.Request.Inputs.Count)
            {
                return new PlainAnswer(null, null, Wrong($"sent {answer.Vectors.Count} vectors for {_turn.Request.Inputs.Count} texts."));
            }

            _front.Write(_turn, answer, client);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return new PlainAnswer(null, null, Wrong($"sent an answer that is not what {_turn.Target.Deployment.ProviderName} documents. Check its base URL."));
        }

        return new PlainAnswer(answer.Usage, answer.ReportedModel, null);
    }

    public override void Dispose()
    {
        foreach (WrittenBody? body in _bodies)
        {
            body?.Dispose();
        }

        base.Dispose();
    }

    /// <summary>What the operator wants of this LLM where the client said nothing (its Config).</summary>
    private static EmbeddingRequest WithDefaults(EmbeddingRequest request, Deployment llm)
    {
        ConfigDefault? dimensions = llm.Defaults.FirstOrDefault(field => field.Name == "dimensions");
        if (dimensions is null || request.Dimensions is not null || !long.TryParse(dimensions.Json.Span, out long wanted))
        {
            return request;
        }

        var own = new EmbeddingRequest { Dimensions = wanted, WantsBase64 = request.WantsBase64, Purpose = request.Purpose };
        own.Inputs.AddRange(request.Inputs);
        own.Fields.AddRange(request.Fields);
        own.Fields.Add(new RequestField("dimensions", "dimensions", dimensions.Json) { IsDefault = true });
        return own;
    }

    private VendorFailure Wrong(string what) => new(ErrorCode.InvalidProviderResponse, $"{TransportFailures.Who(_turn.Target)} {what}");
}
