using System.Buffers;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>/v1/embeddings for vendors of another dialect.</summary>
internal sealed class EmbeddingsFront : IEmbeddingFront
{
    public GatewayError? Read(ReadOnlyMemory<byte> body, RequestPeek peek, EmbeddingRequest request) => EmbeddingReader.Read(body, peek.Model, request);

    public void Write(EmbeddingTurn turn, EmbeddingAnswer answer, IBufferWriter<byte> output) => EmbeddingWriter.Write(turn, answer, output);
}
