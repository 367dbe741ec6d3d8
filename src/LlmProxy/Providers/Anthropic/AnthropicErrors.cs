using System.Net.Http.Headers;
using LlmProxy.Pipeline;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>
/// Whose fault a failure was, by Anthropic's error types. https://platform.claude.com/docs/en/api/errors. Its shape is
/// near enough to OpenAI's that the same judge serves; what only Anthropic says is settled here first.
/// </summary>
internal static class AnthropicErrors
{
    public static VendorFailure Read(int status, HttpResponseHeaders headers, ReadOnlySpan<byte> body, VendorLabel vendor)
    {
        VendorError error = ErrorReader.Read(body);
        return NotFound(status, error, vendor) ?? OpenAiFailure.Read(status, headers, body, vendor);
    }

    /// <summary>From an error inside an answer that began as a success.</summary>
    public static VendorFailure Inside(ReadOnlySpan<byte> body, VendorLabel vendor)
    {
        VendorError error = ErrorReader.Read(body);
        error.Status = StatusOf(error.Type);
        return NotFound(error.Status, error, vendor) ?? OpenAiFailure.Inside(error, vendor);
    }

    private static int StatusOf(string? type) => type switch
    {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    };

    /// <summary>"model: claude-x" is a model that is not served; anything else that is missing was named by the caller (a file, a container).</summary>
    private static VendorFailure? NotFound(int status, in VendorError error, VendorLabel vendor) =>
        status == 404 && error is { Type: "not_found_error", Message: { } message }
        && !message.StartsWith("model", StringComparison.OrdinalIgnoreCase) && !message.Equals("not found", StringComparison.OrdinalIgnoreCase)
            ? new VendorFailure(ErrorCode.InvalidValue, SecretMask.Apply(message, vendor.Secrets)) { IsFinal = true, Status = 404, VendorCode = error.Type }
            : null;
}
