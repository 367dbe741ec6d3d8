using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>
/// Reads the error bodies of this dialect: OpenAI's <c>error</c> object, a bare <c>error</c> text (Ollama), vLLM's and
/// Mistral's flat <c>"object":"error"</c>, FastAPI's <c>detail</c>, Azure's gateway, and arrays of any of them.
/// </summary>
internal static class ErrorReader
{
    /// <summary>More is never read of an error body.</summary>
    public const int MaxBytes = 64 * 1024;

    private const int MaxMessageChars = 2000;
    private const int MaxNameChars = 200;

    public static VendorError Read(ReadOnlySpan<byte> body)
    {
        var error = new VendorError();
        body = body[..Math.Min(body.Length, MaxBytes)];
        var reader = new Utf8JsonReader(body, JsonMembers.ReaderOptions);
        try
        {
            bool isObject = reader.Read() && reader.TokenType == JsonTokenType.StartObject;
            if (!isObject && reader.TokenType == JsonTokenType.StartArray)
            {
                isObject = reader.Read() && reader.TokenType == JsonTokenType.StartObject; // Google wraps its errors in an array.
            }

            if (isObject)
            {
                ReadObject(ref reader, ref error, isInner: false);
            }
            else if (reader.TokenType == JsonTokenType.String)
            {
                error.Message = Text(ref reader, MaxMessageChars);
            }
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e))
        {
            // Not JSON, or cut at the limit: what was read so far is what there is.
        }

        return error;
    }

    /// <summary>Reads what stands under the name <c>error</c>: an object or a text.</summary>
    public static VendorError ReadValue(ReadOnlySpan<byte> value)
    {
        var error = new VendorError();
        var reader = new Utf8JsonReader(value, JsonMembers.ReaderOptions);
        try
        {
            ReadInner(ref reader, ref error);
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e))
        {
        }

        return error;
    }

    /// <summary>Text of the string or number that the reader stands on, shortened, whatever its bytes are.</summary>
    internal static string? Text(ref Utf8JsonReader reader, int maxChars = MaxNameChars)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.Number))
        {
            reader.Skip();
            return null;
        }

        string text;
        try
        {
            text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : Encoding.UTF8.GetString(reader.ValueSpan);
        }
        catch (InvalidOperationException)
        {
            text = Encoding.UTF8.GetString(reader.ValueSpan); // Broken UTF-8 or half a surrogate pair.
        }

        text = text.Trim();
        return text.Length == 0 ? null : text.Length <= maxChars ? text : string.Concat(text.AsSpan(0, maxChars), "...");
    }

    private static void ReadObject(ref Utf8JsonReader reader, ref VendorError error, bool isInner)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("message"u8) || reader.ValueTextEquals("detail"u8) || reader.ValueTextEquals("msg"u8)
                || reader.ValueTextEquals("faultstring"u8))
            {
                bool isDetail = reader.ValueTextEquals("detail"u8);
                ReadMessage(ref reader, ref error);
                error.IsBareDetail |= isDetail && !isInner && reader.TokenType == JsonTokenType.String;
            }
            else if (reader.ValueTextEquals("type"u8) || reader.ValueTextEquals("error_type"u8))
            {
                reader.Read();
                error.Type = Text(ref reader) ?? error.Type;
                error.IsDeclared |= !isInner && error.Type == "error"; // A Responses stream's error event.
            }
            else if (reader.ValueTextEquals("code"u8))
            {
                reader.Read();
                ReadCode(ref reader, ref error);
            }
            else if (reader.ValueTextEquals("status"u8) || reader.ValueTextEquals("statusCode"u8) || reader.ValueTextEquals("status_code"u8)
                || reader.ValueTextEquals("raw_status_code"u8))
            {
                reader.Read();
                ReadStatus(ref reader, ref error);
            }
            else if (reader.ValueTextEquals("param"u8))
            {
                reader.Read();
                error.Param = Text(ref reader) ?? error.Param;
            }
            else if (!isInner && reader.ValueTextEquals("object"u8))
            {
                reader.Read();
                error.IsDeclared |= reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("error"u8);
                reader.Skip();
            }
            else if (!isInner && (reader.ValueTextEquals("error"u8) || reader.ValueTextEquals("errors"u8) || reader.ValueTextEquals("fault"u8)))
            {
                ReadInner(ref reader, ref error);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private static void ReadInner(ref Utf8JsonReader reader, ref VendorError error)
    {
        reader.Read();
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                error.IsDeclared = true;
                ReadObject(ref reader, ref error, isInner: true);
                break;
            case JsonTokenType.StartArray:
                ReadFirst(ref reader, ref error);
                break;
            case JsonTokenType.String:
                string? text = Text(ref reader, MaxMessageChars);
                error.IsDeclared |= text is not null;
                error.Message ??= text;
                break;
            default:
                reader.Skip();
                break;
        }
    }

    /// <summary>The first object of an array of errors; the rest is read past.</summary>
    private static void ReadFirst(ref Utf8JsonReader reader, ref VendorError error)
    {
        int depth = reader.CurrentDepth;
        if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            error.IsDeclared = true;
            ReadObject(ref reader, ref error, isInner: true);
        }

        while (reader.CurrentDepth > depth && reader.Read())
        {
        }
    }

    /// <summary>A message is text, or an object that holds it (Mistral), or FastAPI's list of what is wrong where.</summary>
    private static void ReadMessage(ref Utf8JsonReader reader, ref VendorError error)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            ReadObject(ref reader, ref error, isInner: true);
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            ReadComplaint(ref reader, ref error);
        }
        else
        {
            error.Message = Text(ref reader, MaxMessageChars) ?? error.Message;
        }
    }

    /// <summary>FastAPI: [{"loc":["body","messages"],"msg":"Field required","type":"missing"}]. The first one is told.</summary>
    private static void ReadComplaint(ref Utf8JsonReader reader, ref VendorError error)
    {
        int depth = reader.CurrentDepth;
        if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("msg"u8) || reader.ValueTextEquals("message"u8))
                {
                    reader.Read();
                    error.Message = Text(ref reader, MaxMessageChars) ?? error.Message;
                }
                else if (reader.ValueTextEquals("loc"u8))
                {
                    reader.Read();
                    error.Param = Location(ref reader) ?? error.Param;
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }
        }

        while (reader.CurrentDepth > depth && reader.Read())
        {
        }
    }

    private static string? Location(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return null;
        }

        var path = new StringBuilder();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            bool isIndex = reader.TokenType == JsonTokenType.Number;
            if (Text(ref reader) is { } part && (path.Length > 0 || part != "body") && path.Length < MaxNameChars)
            {
                _ = isIndex ? path.Append('[').Append(part).Append(']') : path.Append(path.Length > 0 ? "." : "").Append(part);
            }
        }

        return path.Length == 0 ? null : path.ToString();
    }

    private static void ReadCode(ref Utf8JsonReader reader, ref VendorError error)
    {
        if (Text(ref reader) is not { } code)
        {
            return;
        }

        if (int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && IsStatus(number))
        {
            error.Status = error.Status == 0 ? number : error.Status;
            error.Code ??= code;
            return;
        }

        error.Code = code;
    }

    /// <summary>A number is an HTTP status; a word, as Google writes it, is a kind of error.</summary>
    private static void ReadStatus(ref Utf8JsonReader reader, ref VendorError error)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int status) && IsStatus(status))
        {
            error.Status = status;
        }
        else if (reader.TokenType == JsonTokenType.String)
        {
            error.Type ??= Text(ref reader);
        }
        else
        {
            reader.Skip();
        }
    }

    private static bool IsStatus(int number) => number is >= 400 and <= 599;
}
