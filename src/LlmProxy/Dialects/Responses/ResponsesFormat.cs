using LlmProxy.Conversation;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Responses;

/// <summary>text.format of a Responses request: what chat nests stands flat here.</summary>
internal static class ResponsesFormat
{
    public static GatewayError? Read(ReadOnlyMemory<byte> value, ChatRequest request)
    {
        string? type = null;
        var members = new JsonWalk(value);
        while (members.Next())
        {
            type = members.Is("type"u8) ? members.Text() : type;
        }

        switch (type)
        {
            case "text":
                return null;
            case "json_object":
                request.Format = new AnswerFormat(AnswerFormatKind.JsonObject);
                return null;
            case "json_schema":
                request.Format = AnswerFormatReader.ReadSchema(value);
                return request.Format.Schema.IsEmpty
                    ? GatewayError.Invalid("text.format.schema", "text.format of type json_schema needs a \"schema\" object.")
                    : null;
            default:
                return GatewayError.Invalid("text.format.type", "text.format.type must be text, json_object or json_schema.");
        }
    }
}
