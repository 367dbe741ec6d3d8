using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Caching.Semantic;

/// <summary>
/// The one text that a call asks, where that is all it is: one turn of a user's, words alone, no tools, no schema, one answer.
/// What an operator or application says before it (system, developer) is no part of the text, and must be the same.
/// </summary>
internal static class LonePrompt
{
    /// <summary>Longer texts are too much for an embedder, and too rich to be the same as another.</summary>
    private const int MostBytes = 16 * 1024;

    /// <summary>Null: there is more to it, or nothing.</summary>
    /// <param name="exchange">The call.</param>
    /// <param name="frame">What stands around the text is written there.</param>
    public static string? Of(Exchange exchange, PooledWriter frame)
    {
        ReadOnlyMemory<byte> body = exchange.Body!.Bytes;
        JsonMembers members = exchange.Peek!.Members;
        if (Says(members, body.Span, "tools"u8) || Says(members, body.Span, "functions"u8) || WantsSchema(members, body) || WantsSeveral(members, body))
        {
            return null;
        }

        int prompt = members.Find(body.Span, exchange.Endpoint.RequiredFieldUtf8);
        if (prompt < 0)
        {
            return null;
        }

        ReadOnlyMemory<byte> value = body[members[prompt].ValueStart..members[prompt].ValueEnd];
        return value.Length > MostBytes ? null : exchange.Endpoint == EndpointKind.Completions ? Text(value) : LoneTurn(value, frame);
    }

    private static string? LoneTurn(ReadOnlyMemory<byte> messages, PooledWriter frame)
    {
        string? text = null;
        var each = new JsonWalk(messages);
        while (each.Next())
        {
            string? role = null;
            ReadOnlyMemory<byte> content = default;
            var members = new JsonWalk(each.Value);
            while (members.Next())
            {
                role = members.Is("role"u8) ? members.Text() : role;
                content = members.Is("content"u8) ? members.Value : content;
            }

            if (text is not null)
            {
                return null; // Something follows the user's words.
            }

            if (role == "user")
            {
                text = TextOf(content);
                if (string.IsNullOrWhiteSpace(text))
                {
                    return null;
                }
            }
            else if (role is "system" or "developer")
            {
                CanonicalBody.Compact(each.Value.Span, frame);
            }
            else
            {
                return null;
            }
        }

        return text;
    }

    /// <summary>A string, or parts that are all text.</summary>
    private static string? TextOf(ReadOnlyMemory<byte> content)
    {
        if (content.IsEmpty || content.Span[0] != (byte)'[')
        {
            return Text(content);
        }

        string text = "";
        var parts = new JsonWalk(content);
        while (parts.Next())
        {
            string? said = null;
            bool isText = false;
            var members = new JsonWalk(parts.Value);
            while (members.Next())
            {
                isText |= members.Is("type"u8) && members.Text() == "text";
                said = members.Is("text"u8) ? members.Text() : said;
            }

            if (!isText || said is null)
            {
                return null;
            }

            text = text.Length == 0 ? said : text + "\n" + said;
        }

        return text;
    }

    private static string? Text(ReadOnlyMemory<byte> json) => json.Length > 2 && json.Span[0] == (byte)'"' ? new JsonText(json).ToString() : null;

    private static bool Says(JsonMembers members, ReadOnlySpan<byte> body, ReadOnlySpan<byte> name)
    {
        int member = members.Find(body, name);
        return member >= 0 && members[member].Value(body) is not ([(byte)'n', ..] or [(byte)'[', (byte)']']);
    }

    private static bool WantsSchema(JsonMembers members, ReadOnlyMemory<byte> body) =>
        Contains(members, body.Span, "response_format"u8, "json_schema"u8) || Contains(members, body.Span, "output_config"u8, "json_schema"u8);

    private static bool Contains(JsonMembers members, ReadOnlySpan<byte> body, ReadOnlySpan<byte> name, ReadOnlySpan<byte> word)
    {
        int member = members.Find(body, name);
        return member >= 0 && members[member].Value(body).IndexOf(word) >= 0;
    }

    private static bool WantsSeveral(JsonMembers members, ReadOnlyMemory<byte> body)
    {
        int member = members.Find(body.Span, "n"u8);
        return member >= 0 && members[member].Value(body.Span) is not ([(byte)'1'] or [(byte)'n', ..]);
    }
}
