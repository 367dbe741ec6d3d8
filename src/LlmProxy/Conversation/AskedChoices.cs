using System.Globalization;
using System.Text.Json;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Conversation;

/// <summary>How many answers a request of OpenAI's dialects asks for: "n" of them, in text completions for each prompt.</summary>
internal static class AskedChoices
{
    public static int In(Exchange exchange)
    {
        if (!exchange.Endpoint.TakesStreamOptions || exchange is not { Peek.Members: { } members, Body: { Bytes.Length: > 0 } body })
        {
            return 1;
        }

        int n = members.Find(body.Span, "n"u8);
        int each = n >= 0 && int.TryParse(members[n].Value(body.Span), CultureInfo.InvariantCulture, out int asked) && asked > 0 ? asked : 1;
        int prompt = exchange.Endpoint == EndpointKind.Completions ? members.Find(body.Span, "prompt"u8) : -1;
        long all = prompt < 0 ? each : (long)each * PromptsIn(body.Bytes[members[prompt].ValueStart..members[prompt].ValueEnd]);
        return (int)Math.Min(all, int.MaxValue);
    }

    /// <summary>A text is one, and so is an array of a text's tokens.</summary>
    private static int PromptsIn(ReadOnlyMemory<byte> prompt)
    {
        int count = 0;
        var items = new JsonWalk(prompt);
        while (items.Next() && items.Kind is JsonTokenType.String or JsonTokenType.StartArray)
        {
            count++;
        }

        return Math.Max(1, count);
    }
}
