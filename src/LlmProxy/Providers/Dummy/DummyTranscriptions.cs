using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace LlmProxy.Providers.Dummy;

/// <summary>POST audio/transcriptions: says what came, for nothing was understood.</summary>
internal static class DummyTranscriptions
{
    private const double BytesPerSecond = 48_000;

    public static async Task<HttpResponseMessage> AnswerAsync(HttpContent content, byte[] body, CancellationToken cancellation)
    {
        string? boundary = content.Headers.ContentType?.Parameters.FirstOrDefault(p => p.Name.Equals("boundary", StringComparison.OrdinalIgnoreCase))?.Value;
        if (string.IsNullOrEmpty(boundary))
        {
            throw new DummyRefusal(400, "Could not parse multipart form: the content type names no boundary.");
        }

        string? fileName = null;
        long length = 0;
        string format = "json";
        try
        {
            var reader = new MultipartReader(boundary.Trim('"'), new MemoryStream(body));
            while (await reader.ReadNextSectionAsync(cancellation) is { } section)
            {
                if (section.AsFileSection() is { } file)
                {
                    using var bytes = new MemoryStream();
                    await file.FileStream!.CopyToAsync(bytes, cancellation);
                    fileName = file.FileName;
                    length = bytes.Length;
                }
                else if (section.AsFormDataSection() is { Name: "response_format" } field)
                {
                    format = await field.GetValueAsync(cancellation);
                }
            }
        }
        catch (IOException e)
        {
            throw new DummyRefusal(400, $"Could not parse multipart form: {e.Message}");
        }

        string text = fileName is null
            ? throw new DummyRefusal(400, "Missing required parameter: 'file'.", "file", "missing_required_parameter")
            : $"This is the dummy that is built into LlmProxy; it heard {length.ToString(CultureInfo.InvariantCulture)} bytes of {fileName} and understood none of them.";
        return format switch
        {
            "text" => DummyAnswers.Bytes(Encoding.UTF8.GetBytes(text + "\n"), new MediaTypeHeaderValue("text/plain", "utf-8")),
            "json" or "verbose_json" => DummyAnswers.Json(json => WriteTranscript(json, text, length, format == "verbose_json")),
            _ => throw new DummyRefusal(400, $"The dummy transcribes to 'json', 'text' and 'verbose_json', not to '{format}'.", "response_format", "invalid_value"),
        };
    }

    private static void WriteTranscript(Utf8JsonWriter json, string text, long length, bool isVerbose)
    {
        json.WriteStartObject();
        if (isVerbose)
        {
            json.WriteString("task", "transcribe");
            json.WriteString("language", "english");
            json.WriteNumber("duration", Math.Round(length / BytesPerSecond, 2));
        }

        json.WriteString("text", text);
        json.WriteEndObject();
    }
}
