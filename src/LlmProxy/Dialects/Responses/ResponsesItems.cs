using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Responses;

/// <summary>Single members of the objects in a Responses request.</summary>
internal static class ResponsesItems
{
    public static JsonText Type(ReadOnlyMemory<byte> value) => Text(value, "type"u8);

    /// <summary>Missing where there is no such string.</summary>
    public static JsonText Text(ReadOnlyMemory<byte> value, ReadOnlySpan<byte> name)
    {
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is(name) && members.IsString)
            {
                return new JsonText(members.Value);
            }
        }

        return default;
    }

    /// <summary>Empty where there is no such member, or null.</summary>
    public static ReadOnlyMemory<byte> Raw(ReadOnlyMemory<byte> value, ReadOnlySpan<byte> name)
    {
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is(name) && !members.IsNull)
            {
                return members.Value;
            }
        }

        return default;
    }
}
