using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Responses;

/// <summary>What has another name in a Response than in a chat completion.</summary>
internal static class ResponseWords
{
    /// <summary>Null: the answer is whole.</summary>
    public static string? WhyIncomplete(FinishReason reason) => reason switch
    {
        FinishReason.Length => "max_output_tokens",
        FinishReason.ContentFilter or FinishReason.Refusal => "content_filter",
        _ => null,
    };

    /// <summary>Chat puts a citation's members into an object of its kind's name; here they stand beside the kind.</summary>
    public static byte[] Annotation(ReadOnlySpan<byte> json)
    {
        byte[] annotation = ResponseEcho.OneLine(json);
        var members = new JsonWalk(annotation);
        while (members.Next())
        {
            if (!members.Is("url_citation"u8) || !members.IsObject)
            {
                continue;
            }

            var output = new ArrayBufferWriter<byte>();
            using (var flat = new Utf8JsonWriter(output, ResponseEvents.Json))
            {
                flat.WriteStartObject();
                flat.WriteString("type"u8, "url_citation"u8);
                var inner = new JsonWalk(members.Value);
                while (inner.Next())
                {
                    flat.WritePropertyName(inner.Name());
                    flat.WriteRawValue(inner.Value.Span, skipInputValidation: true);
                }

                flat.WriteEndObject();
            }

            return output.WrittenSpan.ToArray();
        }

        return annotation;
    }
}
