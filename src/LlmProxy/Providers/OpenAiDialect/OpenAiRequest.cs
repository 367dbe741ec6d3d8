using System.Text;
using System.Text.Json;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>The client's request for a vendor of the same dialect: the same bytes, but for the model, our own object, usage and the operator's defaults.</summary>
internal static class OpenAiRequest
{
    public static HttpContent Write(Exchange exchange, RouteTarget target, OpenAiDialectProvider provider, out string? dropped)
    {
        dropped = null;
        string model = provider.ModelInBody(target.Deployment.Options, target.Model);
        if (exchange.Form is { } form)
        {
            return new SplicedContent(WithModel(exchange.Body!.Bytes, form, model), exchange.Http.Request.ContentType, exchange.Body);
        }

        RequestPeek peek = exchange.Peek!;
        ReadOnlyMemory<byte> body = exchange.Body!.Bytes;
        var request = new RequestEdits(exchange.Endpoint, target.Model, body, peek.Members);
        ReadOnlyMemory<byte> modelJson = ReferenceEquals(model, target.Model) ? target.ModelJson : JsonSerializer.SerializeToUtf8Bytes(model, RouteTarget.JsonOptions);
        if (peek.ModelMember < 0 || !peek.Members[peek.ModelMember].Value(body.Span).SequenceEqual(modelJson.Span))
        {
            request.Set("model"u8, modelJson);
        }

        if (peek.WishesMember >= 0)
        {
            request.Remove("llm"u8);
        }

        if (exchange.Endpoint == EndpointKind.Embeddings && target.Deployment.State.RefusesEncodingFormat)
        {
            request.Remove("encoding_format"u8); // Honoured in the answer.
        }

        foreach (ConfigDefault field in target.Deployment.Defaults)
        {
            request.AddDefault(field.NameUtf8.Span, field.Json);
        }

        provider.Adjust(request, target.Deployment.Options);
        dropped = request.Dropped.Count > 0 ? string.Join(", ", request.Dropped) : null;
        return new SplicedContent(Splice(exchange, target, request), exchange.Http.Request.ContentType, exchange.Body);
    }

    private static SplicedBody Splice(Exchange exchange, RouteTarget target, RequestEdits request)
    {
        RequestPeek peek = exchange.Peek!;
        ReadOnlyMemory<byte> body = exchange.Body!.Bytes;
        var edits = new BodyEdits(body, peek.Members);
        request.ApplyTo(edits);
        if (exchange.AsksForUsage(target))
        {
            StreamUsageRequest.Add(edits, peek.Members, peek.StreamOptionsMember, body.Span);
        }

        return edits.Build();
    }

    private static SplicedBody WithModel(ReadOnlyMemory<byte> body, MultipartPeek form, string model)
    {
        byte[] inserted = form.ModelStart >= 0
            ? Encoding.UTF8.GetBytes(model)
            : Encoding.UTF8.GetBytes($"--{form.Boundary}\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n");
        int start = form.ModelStart >= 0 ? form.ModelStart : form.FirstBoundary;
        int end = form.ModelStart >= 0 ? start + form.ModelLength : start;
        return new SplicedBody([body[..start], inserted, body[end..]], body.Length - (end - start) + inserted.Length);
    }
}
