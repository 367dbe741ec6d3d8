using System.Buffers;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;

namespace LlmProxy.Dialects;

/// <summary>One way in which clients ask how many tokens a conversation has.</summary>
internal interface ITokenFront
{
    /// <summary>Reads the request; a value says what is wrong with it.</summary>
    GatewayError? Read(ReadOnlyMemory<byte> body, RequestPeek peek, HttpRequest http, ChatRequest request);

    void Write(long inputTokens, IBufferWriter<byte> output);
}
