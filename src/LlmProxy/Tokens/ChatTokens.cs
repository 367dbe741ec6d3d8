using LlmProxy.Conversation;

namespace LlmProxy.Tokens;

/// <summary>
/// What a conversation costs before it is answered, by the rule that OpenAI publishes: three tokens frame each message,
/// its role is one, a name one more than its text, and three open the answer.
/// https://developers.openai.com/cookbook/examples/how_to_count_tokens_with_tiktoken
/// </summary>
internal sealed class ChatTokens(string model)
{
    private const int PerMessage = 3;
    private const int PerRole = 1;
    private const int PerName = 1;
    private const int ForAnswer = 3;

    /// <summary>A call of a tool is framed much as a message is.</summary>
    private const int PerToolCall = 3;

    private readonly ModelEncoding _encoding = Encodings.Of(model);

    public long Count(ChatRequest request)
    {
        long text = ForAnswer;
        long media = 0;
        foreach (ChatMessage message in request.Messages)
        {
            text += PerMessage + PerRole + Count(message.Refusal);
            text += message.Name.IsMissing ? 0 : Count(message.Name) + PerName;
            foreach (ToolCall call in message.ToolCalls)
            {
                text += PerToolCall + Count(call.Name) + Count(call.Arguments);
            }

            foreach (ChatPart part in message.Parts)
            {
                text += part.Kind switch
                {
                    PartKind.Text => Count(part.Text),
                    PartKind.Foreign => _encoding.Pairs.Count(part.Raw.Span),
                    _ => 0,
                };
                media += part.Media is { } source ? MediaTokens.Count(part.Kind, source, model) : 0;
            }
        }

        text += ToolTokens.Count(request.Tools, _encoding.Pairs);
        text += _encoding.Pairs.Count(request.Format.Schema.Span);
        return _encoding.Scale(text) + media;
    }

    private long Count(JsonText text) => TokenCounter.Count(text, _encoding.Pairs);
}
