using System.Buffers;
using System.Text.Json;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>
/// encoding_format, held for every vendor: OpenAI's npm client asks for base64 unasked and cannot read anything else, and
/// many servers know only arrays of numbers; some refuse the field, a few know only base64.
/// </summary>
internal static class EmbeddingFormat
{
    /// <summary>The vendor refused a request for a field that the gateway can honour without it.</summary>
    public static bool IsBlamed(Exchange exchange, int status, ReadOnlySpan<byte> body) =>
        exchange.Endpoint == EndpointKind.Embeddings && status is 400 or 422 && body.IndexOf("encoding_format"u8) >= 0
        && Asked(exchange).Length > 0 && WantsBase64(exchange) is not null;

    /// <summary>
    /// Writes the answer anew in the spelling that the client asked for; false when it has that already. Throws
    /// JsonException where a vector is none.
    /// </summary>
    public static bool Fit(Exchange exchange, ReadOnlySpan<byte> answer, IBufferWriter<byte> client)
    {
        answer = answer.StartsWith("\uFEFF"u8) ? answer[3..] : answer;
        if (WantsBase64(exchange) is not { } wantsBase64 || !IsOtherwise(answer, wantsBase64))
        {
            return false;
        }

        int copied = 0;
        var reader = new Utf8JsonReader(answer, JsonMembers.ReaderOptions);
        while (NextVector(ref reader))
        {
            if (reader.TokenType != (wantsBase64 ? JsonTokenType.StartArray : JsonTokenType.String))
            {
                reader.Skip();
                continue;
            }

            client.Write(answer[copied..(int)reader.TokenStartIndex]);
            if (wantsBase64)
            {
                EmbeddingVector.WriteBase64(ref reader, client);
            }
            else
            {
                EmbeddingVector.WriteNumbers(ref reader, client);
            }

            copied = (int)reader.BytesConsumed;
        }

        client.Write(answer[copied..]);
        return true;
    }

    /// <summary>Null: the client asked for a form that only the vendor can know.</summary>
    private static bool? WantsBase64(Exchange exchange) => Asked(exchange) switch
    {
        [] => false,
        var asked when asked.SequenceEqual("\"base64\""u8) => true,
        var asked when asked.SequenceEqual("\"float\""u8) || asked.SequenceEqual("null"u8) => false,
        _ => null,
    };

    private static ReadOnlySpan<byte> Asked(Exchange exchange)
    {
        int member = exchange.Peek!.Members.Find(exchange.Body!.Span, "encoding_format"u8);
        return member < 0 ? default : exchange.Peek.Members[member].Value(exchange.Body.Span);
    }

    /// <summary>Judged by the first vector, so that an answer that fits is hardly read.</summary>
    private static bool IsOtherwise(ReadOnlySpan<byte> answer, bool wantsBase64)
    {
        var reader = new Utf8JsonReader(answer, JsonMembers.ReaderOptions);
        return NextVector(ref reader) && reader.TokenType == (wantsBase64 ? JsonTokenType.StartArray : JsonTokenType.String);
    }

    /// <summary>Moves to the value of the next data[].embedding. The reader is new, or stands on the end of the last one.</summary>
    private static bool NextVector(ref Utf8JsonReader reader)
    {
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName when reader.CurrentDepth == 1 && !reader.ValueTextEquals("data"u8):
                case JsonTokenType.PropertyName when reader.CurrentDepth == 3 && !reader.ValueTextEquals("embedding"u8):
                    reader.Read();
                    reader.Skip();
                    break;
                case JsonTokenType.PropertyName when reader.CurrentDepth == 3:
                    reader.Read();
                    return true;
                case JsonTokenType.StartArray when reader.CurrentDepth != 1:
                case JsonTokenType.StartObject when reader.CurrentDepth is not (0 or 2):
                    reader.Skip();
                    break;
                default:
                    break;
            }
        }

        return false;
    }
}
