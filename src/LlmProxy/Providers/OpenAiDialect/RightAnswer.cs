using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>
/// Sees by a few searches that a whole chat answer is what the schema promises, as OpenAI's own and most servers' are:
/// mending reads it member by member, which costs as much as the rest of the call. Whatever is unusual is left to that.
/// </summary>
internal static class RightAnswer
{
    [ThreadStatic] private static JsonMembers? _scratch;

    public static bool Is(ReadOnlySpan<byte> answer)
    {
        if (answer.StartsWith("\uFEFF"u8))
        {
            return false;
        }

        JsonMembers members = _scratch ??= new JsonMembers();
        members.Read(answer);
        return HasText(answer, members, "id"u8) && HasText(answer, members, "model"u8)
            && ValueOf(answer, members, "object"u8, JsonTokenType.String).SequenceEqual("\"chat.completion\""u8)
            && !ValueOf(answer, members, "created"u8, JsonTokenType.Number).IsEmpty
            && IsChoice(ValueOf(answer, members, "choices"u8, JsonTokenType.StartArray))
            && IsUsage(ValueOf(answer, members, "usage"u8, JsonTokenType.StartObject));
    }

    /// <summary>One choice with everything that belongs to it, and nothing in it whose members could be taken for its own.</summary>
    private static bool IsChoice(ReadOnlySpan<byte> choices)
    {
        int from = 0;
        int finish = JsonScan.NextValue(choices, "\"finish_reason\""u8, ref from);
        if (finish < 0 || JsonScan.NextValue(choices, "\"finish_reason\""u8, ref from) >= 0)
        {
            return false;
        }

        ReadOnlySpan<byte> reason = choices[finish..];
        bool isKnown = reason.StartsWith("\"stop\""u8) || reason.StartsWith("\"length\""u8) || reason.StartsWith("\"content_filter\""u8);
        return isKnown
            && First(choices, "\"message\""u8).StartsWith("{"u8)
            && First(choices, "\"role\""u8).StartsWith("\"assistant\""u8)
            && First(choices, "\"content\""u8) is [(byte)'"' or (byte)'n', ..]
            && First(choices, "\"refusal\""u8) is [(byte)'"' or (byte)'n', ..]
            && First(choices, "\"logprobs\""u8).StartsWith("null"u8)
            && First(choices, "\"index\""u8) is [>= (byte)'0' and <= (byte)'9', ..]
            && (First(choices, "\"annotations\""u8) is var notes && (notes.IsEmpty || notes.StartsWith("[]"u8)))
            && choices.IndexOf("\"tool_calls\""u8) < 0 && choices.IndexOf("\"function_call\""u8) < 0 && choices.IndexOf("\"audio\""u8) < 0;
    }

    private static bool IsUsage(ReadOnlySpan<byte> usage)
    {
        return IsNumber(First(usage, "\"prompt_tokens\""u8)) && IsNumber(First(usage, "\"completion_tokens\""u8)) && IsNumber(First(usage, "\"total_tokens\""u8))
            && IsObjectOrAbsent(First(usage, "\"prompt_tokens_details\""u8)) && IsObjectOrAbsent(First(usage, "\"completion_tokens_details\""u8));

        static bool IsNumber(ReadOnlySpan<byte> value) => value is [>= (byte)'0' and <= (byte)'9', ..];
        static bool IsObjectOrAbsent(ReadOnlySpan<byte> value) => value.IsEmpty || value[0] == '{';
    }

    /// <summary>From where the first member of that name has its value; empty when there is none.</summary>
    private static ReadOnlySpan<byte> First(ReadOnlySpan<byte> json, ReadOnlySpan<byte> quotedName)
    {
        int from = 0;
        int value = JsonScan.NextValue(json, quotedName, ref from);
        return value < 0 ? default : json[value..];
    }

    private static bool HasText(ReadOnlySpan<byte> json, JsonMembers members, ReadOnlySpan<byte> name) =>
        ValueOf(json, members, name, JsonTokenType.String).Length > 2;

    private static ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> json, JsonMembers members, ReadOnlySpan<byte> name, JsonTokenType kind)
    {
        int found = members.Find(json, name);
        return found >= 0 && members[found].Kind == kind ? members[found].Value(json) : default;
    }
}
