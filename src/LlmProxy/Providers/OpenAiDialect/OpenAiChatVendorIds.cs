using System.Globalization;
using System.Security.Cryptography;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>
/// The ids that tie results to calls. Clients bring back whatever another vendor gave them; here each call must have one,
/// in a form that this server takes.
/// </summary>
internal sealed class OpenAiChatVendorIds(OpenAiChatVendorHabits habits)
{
    /// <summary>"Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 40."</summary>
    private const int LongestAtOpenAi = 40;

    /// <summary>"Tool call id was ... but must be a-z, A-Z, 0-9, with a length of 9."</summary>
    private const int LengthAtMistral = 9;

    private readonly List<(JsonText Name, JsonText Id)> _unanswered = [];
    private int _made;

    public void BeginCalls() => _unanswered.Clear();

    public JsonText OfCall(ToolCall call)
    {
        JsonText id = call.Id.IsEmpty ? JsonText.Of(string.Create(CultureInfo.InvariantCulture, $"call_{_made++:00000000}")) : call.Id;
        id = Fitting(id);
        _unanswered.Add((call.Name, id));
        return id;
    }

    /// <summary>The result's own id; without one (Ollama) the first unanswered call of that tool, or of any.</summary>
    public JsonText OfResult(ChatMessage result)
    {
        if (!result.ToolCallId.IsEmpty)
        {
            return Fitting(result.ToolCallId);
        }

        int found = _unanswered.FindIndex(call => result.Name.IsEmpty || call.Name.Escaped.SequenceEqual(result.Name.Escaped));
        if (found < 0)
        {
            return Fitting(JsonText.Of(string.Create(CultureInfo.InvariantCulture, $"call_{_made++:00000000}")));
        }

        JsonText id = _unanswered[found].Id;
        _unanswered.RemoveAt(found);
        return id;
    }

    private JsonText Fitting(JsonText id)
    {
        if (habits.IsMistral)
        {
            ReadOnlySpan<byte> text = id.Escaped;
            bool fits = text.Length == LengthAtMistral;
            foreach (byte b in text)
            {
                fits &= char.IsAsciiLetterOrDigit((char)b);
            }

            return fits ? id : JsonText.Of(Hash(id)[..LengthAtMistral]);
        }

        return habits.IsOpenAi && id.Escaped.Length > LongestAtOpenAi ? JsonText.Of("call_" + Hash(id)[..32]) : id;
    }

    private static string Hash(JsonText id) => Convert.ToHexStringLower(SHA256.HashData(id.Escaped));
}
