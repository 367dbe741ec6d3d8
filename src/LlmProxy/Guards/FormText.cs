using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace LlmProxy.Guards;

/// <summary>The fields of a form that are text, as the redaction sees them. They are not rewritten: what must not go out ends the call.</summary>
internal static class FormText
{
    public static async ValueTask<bool> AnyAsync(ReadOnlyMemory<byte> body, string boundary, Redactor redactor)
    {
        using var stream = new MemoryStream(body.ToArray(), writable: false);
        var reader = new MultipartReader(boundary, stream);
        while (await reader.ReadNextSectionAsync() is { } section)
        {
            bool isFile = section.GetContentDispositionHeader() is { } place && (place.FileName.HasValue || place.FileNameStar.HasValue);
            using var text = new MemoryStream();
            await section.Body.CopyToAsync(text);
            if (!isFile && redactor.Holds(Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length)))
            {
                return true;
            }
        }

        return false;
    }
}
