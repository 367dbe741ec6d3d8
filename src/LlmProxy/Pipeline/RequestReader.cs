using LlmProxy.Configuration.Options;
using LlmProxy.Dialects.Ollama;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;

namespace LlmProxy.Pipeline;

/// <summary>Reads a request once: its headers, its body, the few fields that decide. Nothing is forwarded before all of it is sound.</summary>
internal static class RequestReader
{
    public static async ValueTask<GatewayError?> ReadAsync(Exchange exchange)
    {
        HttpRequest request = exchange.Http.Request;
        if (RequestHeaders.Read(exchange) is { } badHeader)
        {
            return badHeader;
        }

        bool isMultipart = exchange.Endpoint.IsMultipart;
        // curl sends what -d holds as a form unless told otherwise, and so does every example of Ollama's documentation.
        bool isAnyType = exchange.Endpoint.Dialect == OllamaClients.Instance;
        if (!isAnyType && !HasMediaType(request.ContentType, isMultipart ? "multipart/form-data" : "application/json"))
        {
            return new GatewayError(ErrorCode.UnsupportedMediaType, $"The content-type must be {(isMultipart ? "multipart/form-data" : "application/json")} for {request.Path}.");
        }

        LimitsOptions limits = exchange.Snapshot.Options.Limits;
        exchange.Body = new RequestBody(exchange.Budget);
        long begun = exchange.Time.GetTimestamp();
        GatewayError? refusal = await exchange.Body.ReadAsync(request, limits.MaxBodyBytes, TimeSpan.FromSeconds(limits.BodySeconds), exchange.Time, exchange.Aborted);
        exchange.WaitedTicks += exchange.Time.GetTimestamp() - begun;
        return refusal ?? (isMultipart ? PeekForm(exchange) : PeekJson(exchange));
    }

    public static GatewayError Malformed(BadHttpRequestException exception) => exception.StatusCode switch
    {
        413 => new GatewayError(ErrorCode.BodyTooLarge, "The request body is larger than the server takes."),
        408 => new GatewayError(ErrorCode.RequestTimeout, "The request body did not arrive in time."),
        _ => new GatewayError(ErrorCode.InvalidValue, "The HTTP request is malformed: " + exception.Message),
    };

    private static GatewayError? PeekJson(Exchange exchange)
    {
        var peek = new RequestPeek { ModelIsAddressed = exchange.AddressedModel is not null };
        ReadOnlySpan<byte> body = exchange.Body!.Span;
        if (peek.Read(exchange.Endpoint, body) is { } error)
        {
            return error;
        }

        exchange.Peek = peek;
        exchange.RequestedModel = exchange.AddressedModel ?? peek.Model;
        if (exchange is { RequestedModel: { } asked } && exchange.Endpoint.Dialect == OllamaClients.Instance)
        {
            exchange.RequestedModel = OllamaModel.NameIn(exchange.Snapshot, asked);
        }

        exchange.IsStream = exchange.Endpoint.MayStream && (peek.StreamMember < 0 ? exchange.Endpoint.StreamsUnasked : peek.IsStream);
        if (peek.WishesMember < 0)
        {
            return null;
        }

        Wishes? wishes = ReferenceEquals(exchange.Wishes, Wishes.None) ? null : exchange.Wishes;
        GatewayError? badWish = WishReader.ReadBody(peek.Members[peek.WishesMember].Value(body), ref wishes);
        exchange.Wishes = wishes ?? Wishes.None;
        return badWish;
    }

    private static GatewayError? PeekForm(Exchange exchange)
    {
        var form = new MultipartPeek();
        if (form.Read(exchange.Endpoint, exchange.Http.Request.ContentType, exchange.Body!.Span) is { } error)
        {
            return error;
        }

        exchange.Form = form;
        exchange.RequestedModel = exchange.AddressedModel ?? form.Model;
        exchange.IsStream = form.IsStream && exchange.Endpoint.MayStream;
        return null;
    }

    private static bool HasMediaType(string? contentType, string wanted)
    {
        if (contentType is null || !contentType.StartsWith(wanted, StringComparison.OrdinalIgnoreCase))
        {
            return contentType is not null && wanted == "application/json" && IsJsonVariant(contentType);
        }

        return contentType.Length == wanted.Length || contentType[wanted.Length] is ';' or ' ' or '\t';
    }

    /// <summary>application/vnd.api+json and its kind.</summary>
    private static bool IsJsonVariant(string contentType)
    {
        ReadOnlySpan<char> type = contentType.AsSpan();
        int semicolon = type.IndexOf(';');
        type = (semicolon < 0 ? type : type[..semicolon]).Trim();
        return type.StartsWith("application/", StringComparison.OrdinalIgnoreCase) && type.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }
}
