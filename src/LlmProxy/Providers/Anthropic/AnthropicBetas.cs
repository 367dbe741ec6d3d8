using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>The anthropic-beta header of a translated call: what the client sent, what its body asks for, what the translation needs.</summary>
internal static class AnthropicBetas
{
    public static void Add(ChatTurn turn, string beta)
    {
        int at = turn.Headers.FindIndex(header => header.Key == AnthropicAuth.BetaHeader);
        string told = at >= 0 ? turn.Headers[at].Value : turn.Exchange.Http.Request.Headers[AnthropicAuth.BetaHeader].ToString();
        if (told.Split(',', StringSplitOptions.TrimEntries).Contains(beta))
        {
            return;
        }

        if (at >= 0)
        {
            turn.Headers.RemoveAt(at);
        }

        turn.Headers.Add(new(AnthropicAuth.BetaHeader, told.Length == 0 ? beta : $"{told},{beta}"));
    }

    /// <summary>Clients that cannot set headers name betas in the body, as Bedrock and Vertex have it.</summary>
    public static void TakeFrom(ChatTurn turn)
    {
        foreach (string name in (ReadOnlySpan<string>)["anthropic_beta", "betas"])
        {
            ReadOnlyMemory<byte> value = turn.Fields.Take(name);
            if (value.IsEmpty)
            {
                continue;
            }

            var items = new JsonWalk(value);
            while (items.Next())
            {
                if (items.Text() is { } beta && beta.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0)
                {
                    Add(turn, beta);
                }
            }
        }
    }
}
