using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Providers.Ollama;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Dialects.Ollama;

/// <summary>/api/chat for vendors of another dialect. https://docs.ollama.com/api/chat</summary>
internal sealed class OllamaChatFront : IChatFront
{
    public GatewayError? Read(ReadOnlyMemory<byte> body, RequestPeek peek, HttpRequest http, ChatRequest request) => new OllamaRequestReader(request).ReadChat(body);

    public bool GoesOn => true;

    public IChatStream? OpenReader(VendorLabel vendor) => new OllamaAnswer(vendor);

    public ChatSink OpenStream(ChatTurn turn) => new OllamaSink(turn, isGenerate: false, isStream: true);

    public ChatSink OpenWhole(ChatTurn turn) => new OllamaSink(turn, isGenerate: false, isStream: false);
}

/// <summary>/api/generate for vendors of another dialect. https://docs.ollama.com/api/generate</summary>
internal sealed class OllamaGenerateFront : IChatFront
{
    public GatewayError? Read(ReadOnlyMemory<byte> body, RequestPeek peek, HttpRequest http, ChatRequest request) => new OllamaRequestReader(request).ReadGenerate(body);

    public bool GoesOn => true;

    public ChatSink OpenStream(ChatTurn turn) => new OllamaSink(turn, isGenerate: true, isStream: true);

    public ChatSink OpenWhole(ChatTurn turn) => new OllamaSink(turn, isGenerate: true, isStream: false);
}
