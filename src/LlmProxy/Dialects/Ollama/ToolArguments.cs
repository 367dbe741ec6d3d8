using System.Buffers;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Ollama;

/// <summary>A call's arguments: a JSON object for Ollama, the same as text inside a JSON string for everybody else.</summary>
internal static class ToolArguments
{
    private static ReadOnlySpan<byte> Hex => "0123456789abcdef"u8;

    /// <summary>From the string to the object. What is no object (a model's slip) stays the string it is.</summary>
    public static void WriteObject(Utf8JsonWriter json, ReadOnlySpan<byte> token)
    {
        if (token.Length <= 2)
        {
            json.WriteStartObject();
            json.WriteEndObject();
            return;
        }

        byte[] text = ArrayPool<byte>.Shared.Rent(token.Length);
        try
        {
            int length = Unescape(token, text);
            if (IsObject(text.AsSpan(0, length)))
            {
                json.WriteRawValue(text.AsSpan(0, length), skipInputValidation: true);
            }
            else
            {
                json.WriteRawValue(token, skipInputValidation: true);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(text);
        }
    }

    /// <summary>From the object to the inside of the string.</summary>
    public static void Escape(ReadOnlySpan<byte> json, IBufferWriter<byte> output)
    {
        while (true)
        {
            int plain = json.IndexOfAny(Special);
            if (plain < 0)
            {
                output.Write(json);
                return;
            }

            output.Write(json[..plain]);
            byte special = json[plain];
            switch (special)
            {
                case (byte)'"':
                    output.Write("\\\""u8);
                    break;
                case (byte)'\\':
                    output.Write("\\\\"u8);
                    break;
                default:
                    output.Write([(byte)'\\', (byte)'u', (byte)'0', (byte)'0', Hex[special >> 4], Hex[special & 15]]);
                    break;
            }

            json = json[(plain + 1)..];
        }
    }

    private static readonly SearchValues<byte> Special = SearchValues.Create([.. Enumerable.Range(0, 32).Select(i => (byte)i), (byte)'"', (byte)'\\']);

    private static int Unescape(ReadOnlySpan<byte> token, Span<byte> text)
    {
        var reader = new Utf8JsonReader(token);
        reader.Read();
        try
        {
            return reader.CopyString(text);
        }
        catch (InvalidOperationException)
        {
            return 0; // Half a surrogate pair: no text, so no object either.
        }
    }

    private static bool IsObject(ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text, JsonMembers.ReaderOptions);
            bool isObject = reader.Read() && reader.TokenType == JsonTokenType.StartObject;
            while (isObject && reader.Read())
            {
            }

            return isObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
