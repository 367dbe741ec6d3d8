using System.Buffers;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Bedrock;

/// <summary>Conversations by Converse and ConverseStream. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html</summary>
internal sealed class BedrockChat : IChatVendor
{
    public StreamForm Stream => StreamForm.EventStream;

    /// <summary>Of addresses it reads only those of S3.</summary>
    public bool WantsBytes(ChatPart part, ChatTurn turn) => part.Media!.Url?.StartsWith("s3://", StringComparison.OrdinalIgnoreCase) == false;

    public string PathFor(ChatTurn turn) => PathFor(turn.Target.Model, turn.IsStream ? "converse-stream" : "converse");

    /// <summary>An id may be an ARN, whose colons and slashes must not be taken for the path's own.</summary>
    public static string PathFor(string model, string operation) => $"model/{Uri.EscapeDataString(model)}/{operation}";

    public void Write(ChatTurn turn, IBufferWriter<byte> body) => BedrockRequest.Write(turn, body);

    public IChatStream OpenStream(ChatTurn turn) => new BedrockStream(turn.AnswerTool, turn.Llm.Label);

    public void ReadWhole(ChatTurn turn, ReadOnlySpan<byte> body, ChatSink sink) => BedrockResponse.Read(body, turn, sink);
}
