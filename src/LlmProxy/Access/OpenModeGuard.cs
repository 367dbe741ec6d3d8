using LlmProxy.Pipeline;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace LlmProxy.Access;

/// <summary>
/// Without keys only programs on this machine may call. What reaches a loopback port from elsewhere comes through a browser
/// (a foreign page, a rebound host name, a form that sends plain text) or through a proxy, and each of them shows.
/// </summary>
internal static class OpenModeGuard
{
    private const string Remedy =
        "The gateway runs without keys (LlmProxy:Auth:Mode is open) and serves this machine alone. To serve others, configure LlmProxy:Keys and set LlmProxy:Auth:Mode to keys (as a variable: LlmProxy__Auth__Mode=keys).";

    /// <summary>The refusal, or null when the request may go on.</summary>
    public static GatewayError? Check(HttpRequest request)
    {
        if (!IsLoopback(request.Host))
        {
            return Foreign($"The Host header must be localhost, 127.0.0.1 or [::1]. {Remedy}");
        }

        if (request.Headers.TryGetValue(HeaderNames.Origin, out StringValues origin) && !IsLoopbackOrigin(origin))
        {
            return Foreign($"The request comes from a web page of another origin (Origin header). {Remedy}");
        }

        foreach ((string name, StringValues _) in request.Headers)
        {
            if (name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) || name.Equals("Forwarded", StringComparison.OrdinalIgnoreCase))
            {
                return Foreign($"The request came through a proxy (Forwarded or X-Forwarded-* header). {Remedy}");
            }
        }

        return HasBody(request) && !IsReadable(request.ContentType)
            ? new GatewayError(
                ErrorCode.UnsupportedMediaType,
                "Without keys (LlmProxy:Auth:Mode is open) only JSON and multipart bodies are read: send Content-Type: application/json.")
            : null;
    }

    private static GatewayError Foreign(string message) => new(ErrorCode.ForeignRequest, message);

    private static bool IsLoopback(HostString host) => host.HasValue && IsLoopbackName(host.Host);

    private static bool IsLoopbackName(ReadOnlySpan<char> host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host is "127.0.0.1" or "[::1]";

    /// <summary>Any port of this machine: a page there was served by a program here, which could call without a browser as well.</summary>
    private static bool IsLoopbackOrigin(StringValues origin)
    {
        if (origin.Count != 1 || origin[0] is not { } text)
        {
            return false;
        }

        ReadOnlySpan<char> rest = text;
        if (rest.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            rest = rest[7..];
        }
        else if (rest.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            rest = rest[8..];
        }
        else
        {
            return false; // "null" too: a sandboxed frame or a local file hides where it comes from.
        }

        int port = rest.LastIndexOf(':');
        bool hasPort = port > rest.LastIndexOf(']') && port < rest.Length - 1 && !rest[(port + 1)..].ContainsAnyExceptInRange('0', '9');
        return IsLoopbackName(hasPort ? rest[..port] : rest);
    }

    private static bool HasBody(HttpRequest request) =>
        request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? request.ContentLength > 0;

    private static bool IsReadable(string? contentType)
    {
        ReadOnlySpan<char> type = contentType;
        int parameters = type.IndexOf(';');
        type = (parameters < 0 ? type : type[..parameters]).Trim();
        return type.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || type.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase)
            || (type.StartsWith("application/", StringComparison.OrdinalIgnoreCase) && type.EndsWith("+json", StringComparison.OrdinalIgnoreCase));
    }
}
