using System.Buffers.Text;
using System.Text;
using LlmProxy.Conversation;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>
/// Ids of tool calls that also carry Google's mark on the call: this dialect has no field for it, its clients bring ids
/// back as they are, and without its mark Gemini refuses the call's result.
/// https://ai.google.dev/gemini-api/docs/thought-signatures
/// </summary>
internal static class CallIds
{
    private const string Mark = "__gsig_";

    public static string With(string id, JsonText signature) =>
        signature.IsEmpty ? id : id + Mark + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(signature.ToString()));

    /// <summary>The vendor's own id, and the signature that was put behind it.</summary>
    public static (JsonText Id, JsonText Signature) Read(JsonText id)
    {
        if (id.Escaped.IndexOf("__gsig_"u8) < 0)
        {
            return (id, default);
        }

        string text = id.ToString();
        int at = text.IndexOf(Mark, StringComparison.Ordinal);
        try
        {
            return (JsonText.Of(text[..at]), JsonText.Of(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text.AsSpan(at + Mark.Length)))));
        }
        catch (FormatException)
        {
            return (id, default);
        }
    }
}
