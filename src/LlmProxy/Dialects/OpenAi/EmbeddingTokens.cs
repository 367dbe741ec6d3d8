using LlmProxy.Pipeline;
using LlmProxy.Tokens;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>
/// Texts that a client sends as token numbers (some libraries always do), for vendors that take only text. The numbers are
/// cl100k_base's: OpenAI's embedding models use it, and libraries fall back to it for models they do not know.
/// </summary>
internal static class EmbeddingTokens
{
    public static GatewayError? Read(ReadOnlyMemory<byte> array, string place, string? model, out string text)
    {
        text = "";
        var tokens = new List<int>();
        BytePairs encoding = Encodings.ForEmbedding(model);
        var items = new JsonWalk(array);
        while (items.Next())
        {
            if (items.Number() is not { } token || items.Value.Span.IndexOfAny((byte)'.', (byte)'e', (byte)'E') >= 0)
            {
                return GatewayError.Invalid($"{place}[{items.Index}]", $"{place}[{items.Index}] must be a token number: texts and token numbers cannot be mixed.");
            }

            if (token < 0 || token > int.MaxValue || !encoding.Has((int)token))
            {
                return GatewayError.Invalid($"{place}[{items.Index}]", $"{place}[{items.Index}]: {token} is no token of {encoding.Name}. Send the text itself, or tokens of that encoding.");
            }

            tokens.Add((int)token);
        }

        text = encoding.Decode(tokens);
        return tokens.Count == 0 ? GatewayError.Invalid(place, $"{place} must hold at least one token.") : null;
    }
}
