using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>Whole answers in the shapes that OpenAI's have.</summary>
internal static class DummyAnswers
{
    private static readonly MediaTypeHeaderValue JsonType = new("application/json");

    public static HttpResponseMessage Json(Action<Utf8JsonWriter> write, int status = 200)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, DummySchema.Options))
        {
            write(json);
        }

        return Bytes(buffer.WrittenMemory, JsonType, status);
    }

    public static HttpResponseMessage Bytes(ReadOnlyMemory<byte> bytes, MediaTypeHeaderValue type, int status = 200)
    {
        var content = new ReadOnlyMemoryContent(bytes);
        content.Headers.ContentType = type;
        return new HttpResponseMessage((HttpStatusCode)status) { Content = content };
    }

    public static HttpResponseMessage Error(int status, string message, string? param = null, string? code = null)
    {
        string type = status switch
        {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            < 500 => "invalid_request_error",
            _ => "server_error",
        };
        return Json(
            json =>
            {
                json.WriteStartObject();
                json.WriteStartObject("error");
                json.WriteString("message", message);
                json.WriteString("type", type);
                json.WriteString("param", param);
                json.WriteString("code", code);
                json.WriteEndObject();
                json.WriteEndObject();
            },
            status);
    }

    public static void WriteUsage(Utf8JsonWriter json, int prompt, int completion)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", prompt);
        json.WriteNumber("completion_tokens", completion);
        json.WriteNumber("total_tokens", prompt + completion);
        json.WriteEndObject();
    }
}
