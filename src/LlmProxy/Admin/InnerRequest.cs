using LlmProxy.Endpoints;
using LlmProxy.Pipeline;

namespace LlmProxy.Admin;

/// <summary>A call that the gateway makes of itself on an operator's behalf: a request and an answer of its own, ended with the operator's.</summary>
internal static class InnerRequest
{
    public static DefaultHttpContext For(HttpContext outer, EndpointKind endpoint, ReadOnlyMemory<byte> body, Stream? reply = null)
    {
        var inner = new DefaultHttpContext { RequestServices = outer.RequestServices, RequestAborted = outer.RequestAborted };
        inner.Request.Method = HttpMethods.Post;
        inner.Request.Path = endpoint.Routes[0];
        inner.Request.ContentType = "application/json";
        inner.Request.ContentLength = body.Length;
        inner.Request.Body = new MemoryStream(body.ToArray(), writable: false);
        if (reply is not null)
        {
            inner.Response.Body = reply;
        }

        return inner;
    }

    /// <summary>Wishes may stand in headers here as they do on calls.</summary>
    public static void CopyWishes(HttpRequest from, HttpRequest to)
    {
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues value) in from.Headers)
        {
            if (name.StartsWith(WishReader.HeaderPrefix, StringComparison.OrdinalIgnoreCase))
            {
                to.Headers[name] = value;
            }
        }
    }
}
