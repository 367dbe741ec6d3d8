using System.Text.Json;
using LlmProxy.Configuration;
using LlmProxy.Limits;
using LlmProxy.Pipeline;

namespace LlmProxy.Admin;

/// <summary>The JSON object that an admin request carries, read whole and bounded.</summary>
internal sealed class AdminBody(BufferBudget budget, TimeProvider time) : IDisposable
{
    /// <summary>Nothing that an operator sets by hand is larger.</summary>
    public const int SmallBytes = 64 * 1024;

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    private readonly RequestBody _body = new(budget);
    private JsonDocument? _document;

    /// <summary>An object; empty when the request had no body and may have none.</summary>
    public JsonElement Root => _document!.RootElement;

    public ReadOnlyMemory<byte> Bytes => _body.Bytes;

    /// <param name="known">The members that mean something; null: any.</param>
    public async Task<GatewayError?> ReadAsync(HttpContext http, GatewaySnapshot snapshot, int maxBytes, string[]? known, bool mayBeEmpty = false)
    {
        TimeSpan patience = TimeSpan.FromSeconds(snapshot.Options.Limits.BodySeconds);
        if (await _body.ReadAsync(http.Request, maxBytes, patience, time, http.RequestAborted) is { } refusal)
        {
            return refusal;
        }

        if (_body.Bytes.IsEmpty && mayBeEmpty)
        {
            _document = JsonDocument.Parse("{}");
            return null;
        }

        if (!http.Request.HasJsonContentType())
        {
            return new GatewayError(ErrorCode.UnsupportedMediaType, $"The content-type must be application/json for {http.Request.Path}.");
        }

        try
        {
            _document = JsonDocument.Parse(_body.Bytes, Reading);
        }
        catch (JsonException e)
        {
            return new GatewayError(ErrorCode.InvalidJson, $"The body is no JSON that can be read (line {e.LineNumber + 1}, byte {e.BytePositionInLine}), or names a field twice.");
        }

        try
        {
            return Root.ValueKind != JsonValueKind.Object
                ? new GatewayError(ErrorCode.InvalidJson, "The body must be a JSON object.")
                : known is null ? null : Unknown(known);
        }
        catch (InvalidOperationException)
        {
            return new GatewayError(ErrorCode.InvalidJson, "A field's name holds half of a surrogate pair, which is no text.");
        }
    }

    /// <summary>A text, or null where it is missing or null; a value of another kind is the caller's mistake.</summary>
    public GatewayError? Text(string name, out string? text)
    {
        text = null;
        if (!Root.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            return GatewayError.Invalid(name, $"The field \"{name}\" must be a text or null.");
        }

        text = value.GetString();
        return string.IsNullOrWhiteSpace(text) ? GatewayError.Invalid(name, $"The field \"{name}\" is empty.") : null;
    }

    public void Dispose()
    {
        _document?.Dispose();
        _body.Dispose();
    }

    private GatewayError? Unknown(string[] known)
    {
        foreach (JsonProperty member in Root.EnumerateObject())
        {
            if (!known.Contains(member.Name, StringComparer.Ordinal))
            {
                string shown = member.Name.Length <= 64 ? member.Name : member.Name[..64] + "...";
                return GatewayError.Invalid(shown, $"Unknown field \"{shown}\".{AdminJson.Near(member.Name, known)} Known: {string.Join(", ", known)}.");
            }
        }

        return null;
    }
}
