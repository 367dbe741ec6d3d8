using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;

namespace LlmProxy.Dialects.Responses;

/// <summary>/v1/responses/input_tokens: how many tokens a Response's request has.</summary>
internal sealed class ResponsesTokensFront : ITokenFront
{
    public GatewayError? Read(ReadOnlyMemory<byte> body, RequestPeek peek, HttpRequest http, ChatRequest request) => new ResponsesReader(request).Read(body);

    public void Write(long inputTokens, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("object"u8, "response.input_tokens"u8);
        json.WriteNumber("input_tokens"u8, inputTokens);
        json.WriteEndObject();
    }
}
