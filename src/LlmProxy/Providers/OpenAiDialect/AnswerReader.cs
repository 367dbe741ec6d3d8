using System.Text;
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
            return ReadMembers(endpoint, body, vendor);
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e))
        {
            return Invalid(e is JsonException && BreaksOff(body) ? "an answer that breaks off" : "an answer that is not JSON", vendor);
        }
    }

    private static PlainAnswer ReadMembers(EndpointKind endpoint, ReadOnlySpan<byte> body, VendorLabel vendor)
    {
        TokenUsage? usage = null;
        TokenUsage? billed = null;
        string? model = null;
        bool isError = false;
        var right = new RightAnswer();
        var scanner = new JsonScanner(body, JsonMembers.MaxDepth);
        scanner.Expect((byte)'{');
        for (bool isFirst = true; scanner.NextMember(ref isFirst, out JsonName name);)
        {
            Member member = MemberOf(name);
            byte first = scanner.Peek();
            if (member == Member.Usage && first == (byte)'{')
            {
                usage = UsageReader.Read(ref scanner, depth: 2, out bool isPromised);
                right.Saw(RightAnswer.Part.Usage, isPromised);
                continue;
            }

            if (member == Member.Choices && first == (byte)'[' && endpoint == EndpointKind.Chat)
            {
                right.Saw(RightAnswer.Part.Choices, RightAnswer.IsOneChoice(ref scanner));
                continue;
            }

            int start = scanner.Position;
            JsonTokenType kind = scanner.SkipValue(depth: 1);
            ReadOnlySpan<byte> value = scanner.From(start);
            switch (member)
            {
                case Member.Meta when kind == JsonTokenType.StartObject && endpoint == EndpointKind.Rerank:
                    billed = ReadMeta(value);
                    break;
                case Member.Model when kind == JsonTokenType.String:
                    model = NameIn(value);
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

        scanner.End();
        return new PlainAnswer(usage ?? billed, model, isError ? OpenAiFailure.Inside(ErrorReader.Read(body), vendor) : null) { IsRight = right.IsWhole };
    }

    private static Member MemberOf(JsonName name) =>
        name.Is("id"u8) ? Member.Id
        : name.Is("object"u8) ? Member.Object
        : name.Is("created"u8) ? Member.Created
        : name.Is("model"u8) ? Member.Model
        : name.Is("choices"u8) ? Member.Choices
        : name.Is("usage"u8) ? Member.Usage
        : name.Is("error"u8) ? Member.Error
        : name.Is("meta"u8) ? Member.Meta
        : Member.Other;

    /// <summary>A model's name is plain but for some vendor's fancy.</summary>
    private static string? NameIn(ReadOnlySpan<byte> quoted)
    {
        ReadOnlySpan<byte> name = quoted[1..^1];
        bool isPlain = name.Length is > 0 and <= 100 && !name.ContainsAnyExceptInRange((byte)'!', (byte)'~') && !name.Contains((byte)'\\');
        return isPlain ? Encoding.ASCII.GetString(name) : StreamFrames.Text(quoted);
    }

    /// <summary>Cohere's and Jina's way to bill a rerank: meta.billed_units, else meta.tokens.</summary>
    private static TokenUsage? ReadMeta(ReadOnlySpan<byte> meta)
    {
        TokenUsage? billed = null;
        TokenUsage? counted = null;
        var scanner = new JsonScanner(meta, JsonMembers.MaxDepth);
        scanner.Expect((byte)'{');
        for (bool isFirst = true; scanner.NextMember(ref isFirst, out JsonName name);)
        {
            bool isBilled = name.Is("billed_units"u8);
            bool isCounted = name.Is("tokens"u8);
            if ((isBilled || isCounted) && scanner.Peek() == (byte)'{')
            {
                TokenUsage? usage = UsageReader.Read(ref scanner, depth: 2, out _);
                billed = isBilled ? usage : billed;
                counted = isCounted ? usage : counted;
            }
            else
            {
                scanner.SkipValue(depth: 1);
            }
        }

        return billed ?? counted;
    }

    /// <summary>Tells a text that ends too early from one that is wrong: the framework's reader waits for more of the former.</summary>
    private static bool BreaksOff(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, isFinalBlock: false, new JsonReaderState(JsonMembers.ReaderOptions));
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
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
