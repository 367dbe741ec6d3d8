using System.Text;
using LlmProxy.Conversation;
using LlmProxy.Tokens;

namespace LlmProxy.Forwarding.Continuation;

/// <summary>The text of an answer up to where it broke.</summary>
/// <param name="Sent">What the next LLM is given to go on from: without the white space at its end, which no vendor takes.</param>
/// <param name="Space">That white space, which the client has all the same.</param>
internal sealed record BrokenText(string Sent, string Space)
{
    public int Chars => Sent.Length + Space.Length;

    /// <summary>The request with this as the beginning of its answer: a limit on the answer's length is what is left of it.</summary>
    public ChatRequest AddTo(ChatRequest request, string model)
    {
        var beginning = new ChatMessage { Role = ChatRole.Assistant, Path = "answer" };
        beginning.Parts.Add(new ChatPart { Kind = PartKind.Text, Path = "answer", Text = JsonText.Of(Sent) });
        ChatRequest own = request.From(beginning);
        if (own.MaxTokens is { } most)
        {
            own.MaxTokens = Math.Max(1, most - TokenCounter.Count(Encoding.UTF8.GetBytes(Sent + Space), model));
        }

        return own;
    }

    /// <summary>Null where nobody can go on: no text but white space, or one that ends within a character.</summary>
    public static BrokenText? Of(ReadOnlySpan<byte> escaped)
    {
        string text = EscapedChars.Decode(escaped);
        string sent = text.TrimEnd();
        return sent.Length == 0 || HoldsHalf(text) ? null : new BrokenText(sent, text[sent.Length..]);
    }

    /// <summary>JSON can spell half a surrogate pair; no vendor takes one as text.</summary>
    private static bool HoldsHalf(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return true;
            }
        }

        return false;
    }
}
