using System.Text;
using LlmProxy.Endpoints;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace LlmProxy.Pipeline;

/// <summary>Where the deciding parts of a multipart form stand in its bytes; the parts themselves stay where they are.</summary>
internal sealed class MultipartPeek
{
    public string? Model { get; private set; }

    /// <summary>Offset and length of the model part's content; -1 when there is none.</summary>
    public int ModelStart { get; private set; } = -1;

    public int ModelLength { get; private set; }

    public bool IsStream { get; private set; }

    public string? User { get; private set; }

    /// <summary>Where a further part may be put in: the first boundary line.</summary>
    public int FirstBoundary { get; private set; }

    public string Boundary { get; private set; } = "";

    public GatewayError? Read(EndpointKind endpoint, string? contentType, ReadOnlySpan<byte> body)
    {
        if (!MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type)
            || HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 and <= 70 } boundary)
        {
            return new GatewayError(ErrorCode.UnsupportedMediaType, "The multipart request names no usable boundary in its content-type.");
        }

        Boundary = boundary;
        byte[] delimiter = Encoding.ASCII.GetBytes("--" + boundary);
        int at = body.IndexOf(delimiter);
        if (at < 0)
        {
            return GatewayError.Invalid("body", "The multipart body does not hold the boundary that its content-type names.");
        }

        FirstBoundary = at;
        bool hasRequired = false;
        while (true)
        {
            int partStart = at + delimiter.Length;
            if (body[partStart..].StartsWith("--"u8))
            {
                return hasRequired ? null : GatewayError.Missing(endpoint.RequiredField!, $"The form field \"{endpoint.RequiredField}\" is missing.");
            }

            int next = IndexOfDelimiter(body, partStart, delimiter);
            int headersEnd = body[partStart..].IndexOf("\r\n\r\n"u8);
            if (next < 0 || headersEnd < 0 || partStart + headersEnd > next)
            {
                return GatewayError.Invalid("body", "The multipart body is cut off or malformed: a part has no end, or no headers.");
            }

            int contentStart = partStart + headersEnd + 4;
            int contentEnd = Math.Max(contentStart, next - 2);
            if (ReadPart(endpoint, body, partStart, headersEnd, contentStart, contentEnd, ref hasRequired) is { } error)
            {
                return error;
            }

            at = next;
        }
    }

    private GatewayError? ReadPart(EndpointKind endpoint, ReadOnlySpan<byte> body, int start, int headersLength, int contentStart, int contentEnd, ref bool hasRequired)
    {
        string? name = NameOf(Encoding.UTF8.GetString(body.Slice(start, headersLength)));
        hasRequired |= name == endpoint.RequiredField;
        int length = contentEnd - contentStart;
        if (name is not ("model" or "stream" or "user") || length > 1024)
        {
            return name == "model" ? GatewayError.Invalid("model", "The field \"model\" is longer than 1024 bytes.") : null;
        }

        string value = Encoding.UTF8.GetString(body.Slice(contentStart, length)).Trim();
        switch (name)
        {
            case "model" when ModelStart >= 0:
                return GatewayError.Invalid("model", "The field \"model\" is given twice. Send it once.");
            case "model":
                ModelStart = contentStart;
                ModelLength = length;
                Model = value.Length == 0 ? null : value;
                return null;
            case "stream":
                IsStream = value.Equals("true", StringComparison.OrdinalIgnoreCase);
                return IsStream || value.Equals("false", StringComparison.OrdinalIgnoreCase)
                    ? null
                    : GatewayError.Invalid("stream", "The field \"stream\" must be true or false.");
            default:
                User = value;
                return null;
        }
    }

    /// <summary>The next delimiter that stands at the beginning of a line: file contents may hold the same bytes elsewhere.</summary>
    private static int IndexOfDelimiter(ReadOnlySpan<byte> body, int from, ReadOnlySpan<byte> delimiter)
    {
        int at = from;
        while (true)
        {
            int found = body[at..].IndexOf(delimiter);
            if (found < 0)
            {
                return -1;
            }

            at += found;
            if (at >= 2 && body[at - 2] == '\r' && body[at - 1] == '\n')
            {
                return at;
            }

            at += delimiter.Length;
        }
    }

    private static string? NameOf(string headers)
    {
        foreach (string line in headers.Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0
                && line.AsSpan(0, colon).Trim().Equals("content-disposition", StringComparison.OrdinalIgnoreCase)
                && ContentDispositionHeaderValue.TryParse(line[(colon + 1)..].Trim(), out ContentDispositionHeaderValue? disposition))
            {
                return HeaderUtilities.RemoveQuotes(disposition.Name).Value;
            }
        }

        return null;
    }
}
