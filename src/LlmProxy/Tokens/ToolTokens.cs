using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Tokens;

/// <summary>
/// What tool definitions cost, by OpenAI's published rule for its newer models, which counts names, types, descriptions and
/// allowed values; deeper levels are counted as the first. Tools of other kinds cost what their JSON does.
/// https://developers.openai.com/cookbook/examples/how_to_count_tokens_with_tiktoken (counting tokens for tool calls)
/// </summary>
internal static class ToolTokens
{
    private const int PerTool = 7;
    private const int PerProperties = 3;
    private const int PerProperty = 3;
    private const int PerChoices = -3;
    private const int PerChoice = 3;
    private const int ForAll = 12;

    public static long Count(IReadOnlyList<ChatTool> tools, BytePairs pairs)
    {
        long sum = tools.Count > 0 ? ForAll : 0;
        foreach (ChatTool tool in tools)
        {
            if (tool.NativeType is not null)
            {
                sum += pairs.Count(tool.Raw.Span);
                continue;
            }

            sum += PerTool + TokenCounter.Count($"{tool.Name}:{Sentence(tool.Description.ToString())}", pairs);
            sum += tool.Parameters.IsEmpty ? 0 : CountSchema(tool.Parameters, pairs);
        }

        return sum;
    }

    private static long CountSchema(ReadOnlyMemory<byte> schema, BytePairs pairs)
    {
        long sum = 0;
        var members = new JsonWalk(schema);
        while (members.Next())
        {
            if ((members.Is("properties"u8) || members.Is("$defs"u8) || members.Is("definitions"u8)) && members.IsObject)
            {
                sum += CountProperties(members.Value, pairs);
            }
            else if (members.Is("items"u8) && members.IsObject)
            {
                sum += CountSchema(members.Value, pairs);
            }
            else if (members.Is("anyOf"u8) || members.Is("oneOf"u8) || members.Is("allOf"u8))
            {
                var choices = new JsonWalk(members.Value);
                while (choices.Next())
                {
                    sum += choices.IsObject ? CountSchema(choices.Value, pairs) : 0;
                }
            }
            else if (members.Is("enum"u8) && members.IsArray)
            {
                sum += CountChoices(members.Value, pairs);
            }
        }

        return sum;
    }

    private static long CountProperties(ReadOnlyMemory<byte> properties, BytePairs pairs)
    {
        long sum = 0;
        var members = new JsonWalk(properties);
        while (members.Next())
        {
            (string type, string description) = Describe(members.Value);
            sum += (members.Index == 0 ? PerProperties : 0) + PerProperty;
            sum += TokenCounter.Count($"{members.Name()}:{type}:{Sentence(description)}", pairs);
            sum += members.IsObject ? CountSchema(members.Value, pairs) : 0;
        }

        return sum;
    }

    private static long CountChoices(ReadOnlyMemory<byte> array, BytePairs pairs)
    {
        long sum = PerChoices;
        var choices = new JsonWalk(array);
        while (choices.Next())
        {
            sum += PerChoice + (choices.IsString ? TokenCounter.Count(new JsonText(choices.Value), pairs) : pairs.Count(choices.Value.Span));
        }

        return sum;
    }

    private static (string Type, string Description) Describe(ReadOnlyMemory<byte> property)
    {
        string type = "";
        string description = "";
        var members = new JsonWalk(property);
        while (members.Next())
        {
            if (members.Is("type"u8) && (members.IsString || members.IsArray))
            {
                type = members.Text() ?? System.Text.Encoding.UTF8.GetString(members.Value.Span);
            }
            else if (members.Is("description"u8))
            {
                description = members.Text() ?? "";
            }
        }

        return (type, description);
    }

    /// <summary>The rule leaves out the full stop at the end.</summary>
    private static string Sentence(string text) => text.EndsWith('.') ? text[..^1] : text;
}
