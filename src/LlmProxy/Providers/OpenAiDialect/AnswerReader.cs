using System.Text.Json;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Reads what the gateway must know out of a whole answer, and whether it is one.</summary>
internal static class AnswerReader
{
    [ThreadStatic] private static JsonMembers? t_members;

    public static PlainAnswer Read(ReadOnlySpan<byte> body, Deployment llm)
    {
        JsonMembers members = t_members ??= new JsonMembers();
        try
        {
            members.Read(body);
        }
        catch (JsonException)
        {
            return new PlainAnswer(null, null, new VendorFailure(ErrorCode.InvalidProviderResponse, $"{llm.ProviderName} (LLM \"{llm.Name}\") answered 200 with {Describe(body)} instead of a JSON object. Check its base URL."));
        }

        int error = members.Find(body, "error"u8);
        if (error >= 0 && members[error].Kind is JsonTokenType.StartObject or JsonTokenType.String)
        {
            return new PlainAnswer(null, null, OpenAiFailure.ReadInAnswer(body, llm));
        }

        int usage = members.Find(body, "usage"u8);
        int model = members.Find(body, "model"u8);
        return new PlainAnswer(
            usage >= 0 ? UsageReader.Read(members[usage].Value(body)) : null,
            model >= 0 && members[model].Kind == JsonTokenType.String ? Text(members[model].Value(body)) : null,
            null);
    }

    private static string? Text(ReadOnlySpan<byte> quoted)
    {
        var reader = new Utf8JsonReader(quoted);
        reader.Read();
        return reader.GetString();
    }

    private static string Describe(ReadOnlySpan<byte> body)
    {
        ReadOnlySpan<byte> text = body.TrimStart(" \t\r\n"u8);
        return text switch
        {
            [] => "an empty body",
            [(byte)'<', ..] => "a web page",
            [(byte)'[', ..] => "a JSON array",
            [(byte)'{', ..] => "broken or cut-off JSON",
            _ => "something that is not JSON",
        };
    }
}
