using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Vllm;

/// <summary>
/// POST /tokenize beside /v1: the model's own tokenizer and chat template, which no table of ours knows. It takes a chat
/// request and reads of it what makes the prompt.
/// https://docs.vllm.ai/en/stable/serving/openai_compatible_server.html (Tokenizer API)
/// </summary>
internal sealed class VllmTokens(VllmProvider provider) : ITokenVendor
{
    private readonly OpenAiChatVendor _chat = new(provider);

    public string PathFor(ChatTurn turn) => "../tokenize";

    public void Write(ChatTurn turn, IBufferWriter<byte> body) => _chat.Write(turn, body);

    public long Read(ChatTurn turn, ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, JsonMembers.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isCount = reader.ValueTextEquals("count"u8);
            reader.Read();
            if (isCount && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long count) && count >= 0)
            {
                return count;
            }

            reader.Skip();
        }

        throw new JsonException("No count.");
    }
}
