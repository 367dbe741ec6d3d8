using LlmProxy.Accounting;
using LlmProxy.Conversation;

namespace LlmProxy.Tokens;

/// <summary>What a call used when nobody said it: the vendor reported nothing, or the client left before it could.</summary>
internal static class UsageEstimate
{
    /// <summary>From the prompt and the text that came back, thinking and tools' arguments included.</summary>
    public static TokenUsage Of(ChatRequest request, ReadOnlySpan<byte> output, string model) =>
        new(TokenCounter.CountChat(request, model), 0, 0, TokenCounter.Count(output, model), 0);

    /// <summary>The same, the output as pieces of JSON strings with their escapes, as a stream brings it.</summary>
    public static TokenUsage OfEscaped(ChatRequest request, ReadOnlySpan<byte> output, string model) =>
        new(TokenCounter.CountChat(request, model), 0, 0, Encodings.Of(model).Scale(TokenCounter.CountEscaped(output, Encodings.Of(model).Pairs)), 0);

    public static TokenUsage Of(EmbeddingRequest request, string model)
    {
        long input = 0;
        foreach (EmbeddingInput one in request.Inputs)
        {
            input += TokenCounter.Count(one.Text, model);
        }

        return new TokenUsage(input, 0, 0, 0, 0);
    }
}
