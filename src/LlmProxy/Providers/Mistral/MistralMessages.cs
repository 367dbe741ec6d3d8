using System.Buffers;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Mistral;

/// <summary>
/// Messages as Mistral's schemas have them: a system, user or assistant message with a field too many is refused, and
/// there is no developer role. SDKs echo whole assistant messages, with fields that only an answer has.
/// https://docs.mistral.ai/api/ (SystemMessage, UserMessage, AssistantMessage, ToolMessage)
/// </summary>
internal static class MistralMessages
{
    /// <summary>Null when nothing had to change, which is the usual case.</summary>
    public static ReadOnlyMemory<byte>? Clean(ReadOnlySpan<byte> array, RequestEdits edits)
    {
        if (array.IsEmpty || array[0] != '[')
        {
            return null;
        }

        var output = new ArrayBufferWriter<byte>();
        var members = new JsonMembers();
        int copied = 0;
        var reader = new Utf8JsonReader(array, new JsonReaderOptions { MaxDepth = JsonMembers.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int start = (int)reader.TokenStartIndex;
            bool isObject = reader.TokenType == JsonTokenType.StartObject;
            reader.Skip();
            if (!isObject)
            {
                continue;
            }

            ReadOnlySpan<byte> message = array[start..(int)reader.BytesConsumed];
            members.Read(message);
            int role = members.Find(message, "role"u8);
            bool isDeveloper = role >= 0 && members[role].Value(message).SequenceEqual("\"developer\""u8);
            bool isTool = role >= 0 && members[role].Value(message).SequenceEqual("\"tool\""u8);
            if (!isDeveloper && !HoldsRefused(members, message, isTool))
            {
                continue;
            }

            output.Write(array[copied..start]);
            Rewrite(members, message, isDeveloper ? role : -1, isTool, edits, output);
            copied = (int)reader.BytesConsumed;
        }

        if (copied == 0)
        {
            return null;
        }

        output.Write(array[copied..]);
        return output.WrittenMemory;
    }

    private static bool HoldsRefused(JsonMembers members, ReadOnlySpan<byte> message, bool isTool)
    {
        for (int i = 0; i < members.Count; i++)
        {
            if (RefusedName(members, message, i, isTool) is not null)
            {
                return true;
            }
        }

        return false;
    }

    private static void Rewrite(JsonMembers members, ReadOnlySpan<byte> message, int developerRole, bool isTool, RequestEdits edits, ArrayBufferWriter<byte> output)
    {
        output.Write("{"u8);
        bool isFirst = true;
        for (int i = 0; i < members.Count; i++)
        {
            ref readonly JsonMember member = ref members[i];
            if (RefusedName(members, message, i, isTool) is { } refused)
            {
                if (!RequestEdits.SaysNothing(member.Value(message)))
                {
                    edits.NoteDropped($"messages[].{refused}");
                }

                continue;
            }

            if (!isFirst)
            {
                output.Write(","u8);
            }

            isFirst = false;
            output.Write(message[member.NameStart..member.NameEnd]);
            output.Write(":"u8);
            output.Write(i == developerRole ? "\"system\""u8 : member.Value(message));
        }

        output.Write("}"u8);
    }

    /// <summary>Null: the field may stay, known or not. A tool's message may carry a name, the others may not.</summary>
    private static string? RefusedName(JsonMembers members, ReadOnlySpan<byte> message, int i, bool isTool) =>
        !isTool && members.NameIs(message, i, "name"u8) ? "name"
        : members.NameIs(message, i, "refusal"u8) ? "refusal"
        : members.NameIs(message, i, "annotations"u8) ? "annotations"
        : members.NameIs(message, i, "audio"u8) ? "audio"
        : members.NameIs(message, i, "reasoning"u8) ? "reasoning"
        : members.NameIs(message, i, "reasoning_content"u8) ? "reasoning_content"
        : members.NameIs(message, i, "function_call"u8) && members[i].Kind == JsonTokenType.Null ? "function_call"
        : null;
}
