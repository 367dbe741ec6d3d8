using System.Buffers;
using System.Globalization;
using LlmProxy.Dialects;
using LlmProxy.Dialects.Anthropic;
using LlmProxy.Dialects.Ollama;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Forwarding;
using LlmProxy.Wire;

namespace LlmProxy.Pipeline;

/// <summary>Sends a refusal as an answer of its own, with the advice that the official SDKs read.</summary>
internal static class ErrorAnswer
{
    public static async Task SendAsync(HttpContext http, GatewayError error, string requestId, Exchange? exchange = null)
    {
        HttpResponse response = http.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        response.Headers["x-request-id"] = requestId;
        ClientDialect dialect = exchange?.Endpoint.Dialect ?? DialectOf(http.Request);
        dialect.AddHeaders(response.Headers, requestId);
        if (exchange is not null)
        {
            AnswerHeaders.WriteCommon(exchange, response.Headers);
            if (exchange.Attempts.Count > 0)
            {
                AnswerHeaders.WriteAttempts(exchange, response.Headers);
                response.Headers["x-llm-provider"] = exchange.Attempts[^1].Provider;
                response.Headers["x-llm-model"] = HeaderText.Safe(exchange.Attempts[^1].Llm);
                if (exchange.ProviderRequestId is { } id)
                {
                    response.Headers["x-llm-provider-request-id"] = id;
                }
            }
        }

        if (error.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        if (error.ShouldRetry is { } should)
        {
            response.Headers["x-should-retry"] = should ? "true" : "false";
        }

        if (error.Status == 401)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        var body = new ArrayBufferWriter<byte>(512);
        dialect.WriteError(body, error, requestId);
        response.ContentLength = body.WrittenCount;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await response.BodyWriter.WriteAsync(body.WrittenMemory, CancellationToken.None);
        }
    }

    /// <summary>Of a request that is no call to a model.</summary>
    private static ClientDialect DialectOf(HttpRequest request) =>
        AnthropicClients.Speaks(request) ? AnthropicClients.Instance
        : request.Path.StartsWithSegments("/api") ? OllamaClients.Instance
        : OpenAiClients.Instance;
}
