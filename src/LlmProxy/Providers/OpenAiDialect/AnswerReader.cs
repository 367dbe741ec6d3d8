using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Reads a whole JSON answer once: that it is one, what it used, which model gave it, and whether it is a failure after all.</summary>
internal static class AnswerReader
{
    public static PlainAnswer Read(EndpointKind endpoint, ReadOnlySpan<byte> body, VendorLabel vendor)
    {
        ReadOnlySpan<byte> sent = body;
        body = body.StartsWith("\uFEFF"u8) ? body[3..] : body;
        bool hasMark = body.Length < sent.Length;
        body = body.Trim(" \t\r\n"u8);
        return body switch
        {
            [] => Invalid("an empty answer", vendor),
            [(byte)'{', ..] => ReadObject(endpoint, body, vendor) is var read && hasMark ? read with { IsRight = false } : read,
            [(byte)'<', ..] => Invalid("a web page instead of JSON", vendor),
            [(byte)'[', ..] => Invalid("a JSON array instead of an object", vendor),
            _ => Invalid("an answer that is not a JSON object", vendor),
        };
    }

    private static PlainAnswer ReadObject(EndpointKind endpoint, ReadOnlySpan<byte> body, VendorLabel vendor)
    {
        try
        {
            // Not final: so a body that ends too early is told from one that is wrong.
            var reader = new Utf8JsonReader(body, isFinalBlock: false, new JsonReaderState(JsonMembers.ReaderOptions));
            reader.Read();
            return ReadMembers(endpoint, body, ref reader, vendor);
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e))
        {
            return Invalid("an answer that is not JSON", vendor);
        }
    }

    private static PlainAnswer ReadMembers(EndpointKind endpoint, ReadOnlySpan<byte> body, ref Utf8JsonReader reader, VendorLabel vendor)
    {
        TokenUsage? usage = null;
        TokenUsage? billed = null;
        string? model = null;
        bool isError = false;
        var right = new RightAnswer();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            Member name = NameOf(ref reader);
            if (!reader.Read())
            {
                break;
            }

            if (name == Member.Usage && reader.TokenType == JsonTokenType.StartObject)
            {
                usage = UsageReader.Read(ref reader, out bool isPromised);
                right.Saw(RightAnswer.Part.Usage, isPromised);
                continue;
            }

            if (name == Member.Choices && reader.TokenType == JsonTokenType.StartArray && endpoint == EndpointKind.Chat)
            {
                right.Saw(RightAnswer.Part.Choices, RightAnswer.IsOneChoice(ref reader));
                continue;
            }

            int start = (int)reader.TokenStartIndex;
            JsonTokenType kind = reader.TokenType;
            if (!reader.TrySkip())
            {
                break;
            }

            ReadOnlySpan<byte> value = body[start..(int)reader.BytesConsumed];
            switch (name)
            {
                case Member.Meta when kind == JsonTokenType.StartObject && endpoint == EndpointKind.Rerank:
                    billed = ReadMeta(value);
                    break;
                case Member.Model when kind == JsonTokenType.String:
                    model = StreamFrames.Text(value);
                    right.Saw(RightAnswer.Part.Model, value.Length > 2);
                    break;
                case Member.Error:
                    isError |= kind is JsonTokenType.StartObject or JsonTokenType.StartArray || (kind == JsonTokenType.String && value.Length > 2);
                    break;
                case Member.Object:
                    isError |= value.SequenceEqual("\"error\""u8);
                    right.Saw(RightAnswer.Part.Object, value.SequenceEqual("\"chat.completion\""u8));
                    break;
                case Member.Id:
                    right.Saw(RightAnswer.Part.Id, kind == JsonTokenType.String && value.Length > 2);
                    break;
                case Member.Created:
                    right.Saw(RightAnswer.Part.Created, kind == JsonTokenType.Number && value is not [(byte)'0']);
                    break;
                default:
                    break;
            }
        }

        if (reader.TokenType != JsonTokenType.EndObject || reader.CurrentDepth != 0)
        {
            return Invalid("an answer that breaks off", vendor);
        }

        reader.Read(); // Throws when something follows the object.
        return new PlainAnswer(usage ?? billed, model, isError ? OpenAiFailure.Inside(ErrorReader.Read(body), vendor) : null) { IsRight = right.IsWhole };
    }

    private static Member NameOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("id"u8) ? Member.Id
        : reader.ValueTextEquals("object"u8) ? Member.Object
        : reader.ValueTextEquals("created"u8) ? Member.Created
        : reader.ValueTextEquals("model"u8) ? Member.Model
        : reader.ValueTextEquals("choices"u8) ? Member.Choices
        : reader.ValueTextEquals("usage"u8) ? Member.Usage
        : reader.ValueTextEquals("error"u8) ? Member.Error
        : reader.ValueTextEquals("meta"u8) ? Member.Meta
        : Member.Other;

    /// <summary>Cohere's and Jina's way to bill a rerank: meta.billed_units, else meta.tokens.</summary>
    private static TokenUsage? ReadMeta(ReadOnlySpan<byte> meta)
    {
        TokenUsage? billed = null;
        TokenUsage? counted = null;
        var reader = new Utf8JsonReader(meta, JsonMembers.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isBilled = reader.ValueTextEquals("billed_units"u8);
            bool isCounted = reader.ValueTextEquals("tokens"u8);
            reader.Read();
            if ((isBilled || isCounted) && reader.TokenType == JsonTokenType.StartObject)
            {
                TokenUsage? usage = UsageReader.Read(ref reader);
                billed = isBilled ? usage : billed;
                counted = isCounted ? usage : counted;
            }
            else
            {
                reader.Skip();
            }
        }

        return billed ?? counted;
    }

    private enum Member
    {
        Other,
        Usage,
        Model,
        Error,
        Object,
        Meta,
        Id,
        Created,
        Choices,
    }

    private static PlainAnswer Invalid(string what, VendorLabel vendor) =>
        new(null, null, new VendorFailure(
            ErrorCode.InvalidProviderResponse,
            $"{vendor.Provider} sent {what} for LLM \"{vendor.Llm}\". Check its base URL, and whether that server speaks OpenAI's dialect."));
}
