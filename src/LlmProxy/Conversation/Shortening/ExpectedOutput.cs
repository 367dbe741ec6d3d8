using System.Text.Json;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Conversation.Shortening;

/// <summary>How many tokens an answer is expected to be: what the client allows, what the LLM can, else what the operator expects.</summary>
internal static class ExpectedOutput
{
    public static long Of(Exchange exchange, RouteTarget target)
    {
        if (exchange.Endpoint.ChatFront is null)
        {
            return 0; // Vectors and the like: what comes back is not counted in tokens.
        }

        long? allowed = exchange.Peek is { } peek && exchange.Body is { } body ? Allowed(peek, body.Bytes) : null;
        long expected = allowed ?? exchange.Snapshot.Options.Limits.ExpectedOutputTokens;
        return target.Facts.MaxOutputTokens > 0 ? Math.Min(expected, target.Facts.MaxOutputTokens) : expected;
    }

    /// <summary>The client's own bound; null when it gave none.</summary>
    public static long? Allowed(RequestPeek peek, ReadOnlyMemory<byte> body)
    {
        for (int i = 0; i < peek.Members.Count; i++)
        {
            ref readonly JsonMember member = ref peek.Members[i];
            bool isBound = member.Kind == JsonTokenType.Number
                && (peek.Members.NameIs(body.Span, i, "max_tokens"u8) || peek.Members.NameIs(body.Span, i, "max_completion_tokens"u8) || peek.Members.NameIs(body.Span, i, "max_output_tokens"u8));
            if (isBound)
            {
                return Positive(member.Value(body.Span));
            }

            if (member.Kind == JsonTokenType.StartObject && peek.Members.NameIs(body.Span, i, "options"u8))
            {
                // Ollama's clients.
                var walk = new JsonWalk(body[member.ValueStart..member.ValueEnd]);
                while (walk.Next())
                {
                    if (walk.Is("num_predict"u8))
                    {
                        return walk.Number() is > 0 and var number ? number : null;
                    }
                }
            }
        }

        return null;
    }

    private static long? Positive(ReadOnlySpan<byte> json) =>
        System.Buffers.Text.Utf8Parser.TryParse(json, out long number, out int used) && used == json.Length && number > 0 ? number : null;
}
