using System.Buffers;
using System.Text.Json;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>What all of Anthropic's endpoints share.</summary>
internal sealed class AnthropicClients : ClientDialect
{
    public static readonly AnthropicClients Instance = new();

    /// <summary>Coding clients shrink a conversation that became too long when they read these words.</summary>
    private const string TooLong = "prompt is too long";

    public override ReadOnlySpan<byte> KeepAlive => "event: ping\ndata: {\"type\": \"ping\"}\n\n"u8;

    /// <summary>Every SDK of Anthropic's sends it; nobody else does.</summary>
    public static bool Speaks(HttpRequest request) => request.Headers.ContainsKey("anthropic-version");

    public override void WriteError(IBufferWriter<byte> output, GatewayError error, string requestId)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder });
        json.WriteStartObject();
        json.WriteString("type"u8, "error"u8);
        json.WriteStartObject("error"u8);
        json.WriteString("type"u8, TypeOf(error));
        json.WriteString("message"u8, error.Code == ErrorCode.ContextLengthExceeded && !error.Message.Contains(TooLong, StringComparison.OrdinalIgnoreCase)
            ? $"{TooLong}: {error.Message}"
            : error.Message);
        json.WriteString("code"u8, error.Code.Wire());
        if (error.Param is not null)
        {
            json.WriteString("param"u8, error.Param);
        }

        if (error.Provider is not null)
        {
            json.WriteString("provider"u8, error.Provider);
        }

        json.WriteEndObject();
        json.WriteString("request_id"u8, requestId);
        json.WriteEndObject();
    }

    public override void WriteErrorEvent(IBufferWriter<byte> output, GatewayError error, string requestId)
    {
        output.Write("event: error\ndata: "u8);
        WriteError(output, error, requestId);
        output.Write("\n\n"u8);
    }

    /// <summary>Their SDKs show this header as the id of a request.</summary>
    public override void AddHeaders(IHeaderDictionary headers, string requestId) => headers["request-id"] = requestId;

    /// <summary>https://platform.claude.com/docs/en/api/errors: a type for each status.</summary>
    private static ReadOnlySpan<byte> TypeOf(GatewayError error) => error.Status switch
    {
        401 => "authentication_error"u8,
        402 => "billing_error"u8,
        403 => "permission_error"u8,
        404 => "not_found_error"u8,
        409 => "conflict_error"u8,
        413 => "request_too_large"u8,
        429 => "rate_limit_error"u8,
        503 or 529 => "overloaded_error"u8,
        504 or 408 => "timeout_error"u8,
        >= 500 => "api_error"u8,
        _ => "invalid_request_error"u8,
    };
}
