using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Conversation.Shortening;

/// <summary>Reads what a conversation consists of, in any of the dialects that clients speak.</summary>
internal static class ItemReader
{
    /// <summary>The items of the array, their places counted from <paramref name="offset"/>.</summary>
    public static List<ConversationItem> Read(ReadOnlyMemory<byte> array, int offset)
    {
        var items = new List<ConversationItem>();
        var reader = new Utf8JsonReader(array.Span, JsonMembers.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            int end = (int)reader.BytesConsumed;
            items.Add(Judge(array[start..end]) with { Start = offset + start, End = offset + end });
        }

        return items;
    }

    private static ConversationItem Judge(ReadOnlyMemory<byte> json)
    {
        string? role = null;
        string? type = null;
        string? callId = null;
        ReadOnlyMemory<byte> content = default;
        ReadOnlyMemory<byte> toolCalls = default;
        var walk = new JsonWalk(json);
        while (walk.Next())
        {
            if (walk.Is("role"u8))
            {
                role = walk.Text();
            }
            else if (walk.Is("type"u8))
            {
                type = walk.Text();
            }
            else if (walk.Is("call_id"u8) || walk.Is("tool_call_id"u8))
            {
                callId = walk.Text();
            }
            else if (walk.Is("content"u8))
            {
                content = walk.Value;
            }
            else if (walk.Is("tool_calls"u8))
            {
                toolCalls = walk.Value;
            }
        }

        var item = new ConversationItem(0, 0, SideOf(role, type), PromptSize.Estimate(json.Span));
        return item.Side switch
        {
            ItemSide.User => WithBlocks(item, content),
            ItemSide.Assistant => item with { Calls = [.. Ids(toolCalls, "id"u8, null), .. Ids(content, "id"u8, "tool_use"), .. One(callId)] },
            ItemSide.Result => item with { Answers = One(callId) },
            _ => item,
        };
    }

    /// <summary>The Responses API's items say by their type what others say by a role.</summary>
    private static ItemSide SideOf(string? role, string? type) => role switch
    {
        "system" or "developer" => ItemSide.Kept,
        "user" => ItemSide.User,
        "tool" or "function" => ItemSide.Result,
        not null => ItemSide.Assistant,
        null when type is null or "message" => ItemSide.User,
        null when type.EndsWith("_output", StringComparison.Ordinal) || type.EndsWith("_response", StringComparison.Ordinal) => ItemSide.Result,
        null => ItemSide.Assistant,
    };

    /// <summary>Anthropic's clients bring tools' results as the user's blocks.</summary>
    private static ConversationItem WithBlocks(ConversationItem item, ReadOnlyMemory<byte> content)
    {
        List<string> answers = Ids(content, "tool_use_id"u8, "tool_result");
        if (answers.Count == 0)
        {
            return item;
        }

        int blocks = 0;
        var walk = new JsonWalk(content);
        while (walk.Next())
        {
            blocks++;
        }

        return item with { Side = ItemSide.Result, Answers = answers, HasUsersWords = blocks > answers.Count };
    }

    private static string[] One(string? id) => id is null ? [] : [id];

    /// <summary>One member of each object in the array, of those of one type where a type is given.</summary>
    private static List<string> Ids(ReadOnlyMemory<byte> array, ReadOnlySpan<byte> member, string? type)
    {
        var ids = new List<string>();
        if (array.IsEmpty || array.Span[0] != (byte)'[')
        {
            return ids;
        }

        var items = new JsonWalk(array);
        while (items.Next())
        {
            string? id = null;
            bool isOfType = type is null;
            var walk = new JsonWalk(items.IsObject ? items.Value : "{}"u8.ToArray());
            while (walk.Next())
            {
                if (walk.Is(member))
                {
                    id = walk.Text();
                }
                else if (type is not null && walk.Is("type"u8))
                {
                    isOfType = walk.Text() == type;
                }
            }

            if (isOfType && id is not null)
            {
                ids.Add(id);
            }
        }

        return ids;
    }
}
