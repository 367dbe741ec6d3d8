using System.Buffers;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;

namespace LlmProxy.Dialects;

/// <summary>One way in which clients ask for vectors.</summary>
internal interface IEmbeddingFront
{
    /// <summary>Reads the request; a value says what is wrong with it.</summary>
    GatewayError? Read(ReadOnlyMemory<byte> body, RequestPeek peek, EmbeddingRequest request);

    void Write(EmbeddingTurn turn, EmbeddingAnswer answer, IBufferWriter<byte> output);
}
