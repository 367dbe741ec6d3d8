using System.Buffers;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Makes a whole chat answer what OpenAI's schema promises; what is right stays as it came.</summary>
internal static class AnswerRepair
{
    /// <summary>Writes nothing when the answer is right as it is. The text is known to be one JSON object.</summary>
    public static void Write(ReadOnlySpan<byte> answer, AnswerIdentity identity, IBufferWriter<byte> client)
    {
        if (answer.StartsWith("\uFEFF"u8))
        {
            answer = answer[3..];
        }

        var edits = new FrameEdits();
        var members = new JsonMembers();
        members.Read(answer);
        new HeadRepair(identity, "chat.completion").Read(answer, members, edits);
        int choices = members.Find(answer, "choices"u8);
        if (choices < 0)
        {
            return; // No answer of this dialect: whatever it is, it is not mended.
        }

        if (members[choices].Kind == JsonTokenType.StartArray)
        {
            new ChoiceRepair(identity, edits, isChunk: false).Read(answer, members[choices].ValueStart, members[choices].ValueEnd);
        }

        int usage = members.Find(answer, "usage"u8);
        if (usage >= 0 && members[usage].Kind == JsonTokenType.StartObject)
        {
            UsageRepair.Read(answer, members[usage], new JsonMembers(), edits);
        }
        else if (usage is >= 0 and < 64 && members[usage].Kind == JsonTokenType.Null)
        {
            MemberEdits.Cut(edits, 0, members, 1UL << usage);
        }

        if (!edits.IsEmpty)
        {
            edits.WriteTo(client, answer);
        }
    }
}
