using System.Text.Json;
using LlmProxy.Configuration.Options;
using LlmProxy.Conversation.Shortening;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Guards;

/// <summary>How long a prompt may be: Limits:MaxPromptChars, Limits:MaxMessages, and the windows of the LLMs that may be asked.</summary>
internal static class PromptLimits
{
    /// <summary>The count is an estimate, and tokens can be longer than four letters: below this many times the window the LLM itself says it.</summary>
    private const int Doubt = 2;

    /// <summary>Our count never makes more tokens of a body than one for two bytes: most need not be read.</summary>
    private const int LeastBytesPerToken = 2;

    private static readonly byte[][] TextFields = [.. new[] { "messages", "prompt", "suffix", "input", "instructions", "system", "query", "documents" }.Select(System.Text.Encoding.UTF8.GetBytes)];

    /// <summary>Before anything else is done for the call. Nothing is read while both limits are 0.</summary>
    public static GatewayError? Check(Exchange exchange)
    {
        LimitsOptions limits = exchange.Snapshot.Options.Limits;
        if ((limits.MaxPromptChars == 0 && limits.MaxMessages == 0) || exchange.Peek is not { } peek)
        {
            return null;
        }

        ReadOnlySpan<byte> body = exchange.Body!.Span;
        if (limits.MaxMessages > 0 && Messages(exchange.Endpoint, peek, body) is var messages && messages > limits.MaxMessages)
        {
            return TooLong($"The conversation has {messages} messages, and this gateway takes {limits.MaxMessages} (LlmProxy:Limits:MaxMessages). Leave out the oldest ones.", "messages");
        }

        // A character is a byte at least.
        if (limits.MaxPromptChars > 0 && body.Length > limits.MaxPromptChars && Chars(peek, body) is var chars && chars > limits.MaxPromptChars)
        {
            return TooLong($"The prompt has {chars} characters, and this gateway takes {limits.MaxPromptChars} (LlmProxy:Limits:MaxPromptChars). Shorten it.", null);
        }

        return null;
    }

    /// <summary>A prompt that fits no LLM of the plan: said before anybody is asked. One whose window is not known may be large enough.</summary>
    public static GatewayError? CheckWindows(Exchange exchange, RoutePlan plan)
    {
        if (exchange.Peek is not { } peek || exchange.Body is not { } body || exchange.Endpoint.Family is not ("chat" or "completions" or "responses"))
        {
            return null;
        }

        int widest = 0;
        for (int i = 0; i < plan.Targets.Count; i++)
        {
            int window = plan.Targets[i].Facts.ContextWindow;
            if (window == 0 || body.Bytes.Length <= (long)window * Doubt * LeastBytesPerToken)
            {
                return null;
            }

            widest = Math.Max(widest, window);
        }

        long tokens = widest == 0 ? 0 : PromptSize.Estimate(peek, body.Span);
        return tokens <= (long)widest * Doubt ? null : new GatewayError(
            ErrorCode.ContextLengthExceeded,
            $"The prompt has about {tokens} tokens, and the largest context among the LLMs of this call has {widest}. Shorten it, or let the gateway do so with the wish \"truncate\".");
    }

    private static GatewayError TooLong(string message, string? param) => new(ErrorCode.PromptTooLong, message) { Param = param };

    private static int Messages(EndpointKind endpoint, RequestPeek peek, ReadOnlySpan<byte> body)
    {
        int at = endpoint == EndpointKind.Responses || endpoint == EndpointKind.ResponsesInputTokens ? peek.Members.Find(body, "input"u8)
            : endpoint.Family == "chat" ? peek.Members.Find(body, "messages"u8) : -1;
        if (at < 0 || peek.Members[at].Kind != JsonTokenType.StartArray)
        {
            return 0;
        }

        var reader = new Utf8JsonReader(peek.Members[at].Value(body), JsonMembers.ReaderOptions);
        int count = 0;
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            count++;
            reader.Skip();
        }

        return count;
    }

    private static long Chars(RequestPeek peek, ReadOnlySpan<byte> body)
    {
        long chars = 0;
        foreach (byte[] field in TextFields)
        {
            int at = peek.Members.Find(body, field);
            if (at >= 0 && peek.Members[at].Kind is JsonTokenType.String or JsonTokenType.StartArray or JsonTokenType.StartObject)
            {
                chars += Chars(peek.Members[at].Value(body));
            }
        }

        return chars;
    }

    /// <summary>Of all texts in a value; what names, numbers or types something is no text, and neither is a picture.</summary>
    private static long Chars(ReadOnlySpan<byte> json)
    {
        long chars = 0;
        bool isText = true;
        var reader = new Utf8JsonReader(json, JsonMembers.ReaderOptions);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                isText = !(reader.ValueTextEquals("type"u8) || reader.ValueTextEquals("role"u8) || reader.ValueTextEquals("id"u8) || reader.ValueTextEquals("tool_call_id"u8)
                    || reader.ValueTextEquals("call_id"u8) || reader.ValueTextEquals("tool_use_id"u8) || reader.ValueTextEquals("name"u8) || reader.ValueTextEquals("media_type"u8)
                    || reader.ValueTextEquals("signature"u8) || reader.ValueTextEquals("encrypted_content"u8) || reader.ValueTextEquals("images"u8));
            }
            else if (reader.TokenType == JsonTokenType.String && isText && !TextPlaces.IsMedia(reader.ValueSpan))
            {
                chars += Letters(reader.ValueSpan, reader.ValueIsEscaped);
            }
        }

        return chars;
    }

    private static long Letters(ReadOnlySpan<byte> escaped, bool isEscaped)
    {
        if (!isEscaped && System.Text.Ascii.IsValid(escaped))
        {
            return escaped.Length;
        }

        long letters = 0;
        for (int at = 0; at < escaped.Length;)
        {
            at = Forwarding.Continuation.EscapedChars.Next(escaped, at, out char first, out _);
            letters += char.IsLowSurrogate(first) ? 0 : 1; // The second half of an escaped pair.
        }

        return letters;
    }
}
