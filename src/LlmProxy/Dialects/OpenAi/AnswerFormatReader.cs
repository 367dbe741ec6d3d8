using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>response_format of chat completions.</summary>
internal static class AnswerFormatReader
{
    public static GatewayError? Read(ReadOnlyMemory<byte> value, ChatRequest request)
    {
        string? type = null;
        ReadOnlyMemory<byte> schema = default;
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("type"u8))
            {
                type = members.Text();
            }
            else if (members.Is("json_schema"u8) && members.IsObject)
            {
                schema = members.Value;
            }
        }

        switch (type)
        {
            case "text":
                return null;
            case "json_object":
                request.Format = new AnswerFormat(AnswerFormatKind.JsonObject);
                return null;
            case "json_schema":
                request.Format = ReadSchema(schema);
                return request.Format.Schema.IsEmpty
                    ? GatewayError.Invalid("response_format.json_schema", "response_format of type json_schema needs \"json_schema\" with a \"schema\" object.")
                    : null;
            default:
                return GatewayError.Invalid("response_format.type", "response_format.type must be text, json_object or json_schema.");
        }
    }

    /// <summary>The object that holds name, description, strict and the schema itself.</summary>
    public static AnswerFormat ReadSchema(ReadOnlyMemory<byte> value)
    {
        var format = new AnswerFormat(AnswerFormatKind.JsonSchema);
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("name"u8) && members.IsString)
            {
                format = format with { Name = new JsonText(members.Value) };
            }
            else if (members.Is("description"u8) && members.IsString)
            {
                format = format with { Description = new JsonText(members.Value) };
            }
            else if (members.Is("strict"u8) && !members.IsNull)
            {
                format = format with { Strict = members.IsTrue };
            }
            else if (members.Is("schema"u8) && members.IsObject)
            {
                format = format with { Schema = members.Value };
            }
        }

        return format;
    }
}
