using System.Buffers;
using System.Text;
using LlmProxy.Conversation;

namespace LlmProxy.Tokens;

/// <summary>
/// Counts what a vendor has not: exact for OpenAI's models, estimated for the others. It takes time, and is never on the
/// way of a call whose vendor reports its usage.
/// </summary>
internal static class TokenCounter
{
    public static long Count(ReadOnlySpan<byte> utf8, string model)
    {
        ModelEncoding encoding = Encodings.Of(model);
        return encoding.Scale(encoding.Pairs.Count(utf8));
    }

    /// <summary>The decoded text of a JSON string.</summary>
    public static long Count(JsonText text, string model)
    {
        ModelEncoding encoding = Encodings.Of(model);
        return encoding.Scale(Count(text, encoding.Pairs));
    }

    /// <summary>A conversation as a vendor would count it: messages, tools, a schema for the answer, pictures.</summary>
    public static long CountChat(ChatRequest request, string model) => new ChatTokens(model).Count(request);

    /// <summary>In the encoding's own tokens, for sums that are scaled once.</summary>
    internal static long Count(JsonText text, BytePairs pairs) => CountEscaped(text.Escaped, pairs);

    internal static long CountEscaped(ReadOnlySpan<byte> escaped, BytePairs pairs)
    {
        if (escaped.IndexOf((byte)'\\') < 0)
        {
            return pairs.Count(escaped);
        }

        byte[] text = ArrayPool<byte>.Shared.Rent(escaped.Length);
        try
        {
            return pairs.Count(text.AsSpan(0, JsonUnescape.Write(escaped, text)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(text);
        }
    }

    internal static long Count(string text, BytePairs pairs)
    {
        byte[] utf8 = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        try
        {
            return pairs.Count(utf8.AsSpan(0, Encoding.UTF8.GetBytes(text, utf8)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(utf8);
        }
    }
}
