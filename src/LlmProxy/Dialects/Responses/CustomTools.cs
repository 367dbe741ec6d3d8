using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Responses;

/// <summary>OpenAI's tools of free text, told to other vendors as functions with one argument: the text.</summary>
internal static class CustomTools
{
    private static readonly ReadOnlyMemory<byte> Schema =
        """{"type":"object","properties":{"input":{"type":"string","description":"The tool's whole input, as plain text."}},"required":["input"],"additionalProperties":false}"""u8.ToArray();

    public static ChatTool ToFunction(JsonText name, JsonText description, ReadOnlyMemory<byte> raw) =>
        new() { Name = name, Description = description, Parameters = Schema, Raw = raw };

    /// <summary>The escaped names of a request's custom tools, copied.</summary>
    public static List<byte[]> NamesIn(ChatRequest request)
    {
        var names = new List<byte[]>();
        foreach (ChatTool tool in request.Tools)
        {
            if (tool.Parameters.Equals(Schema))
            {
                names.Add(tool.Name.Escaped.ToArray());
            }
        }

        return names;
    }

    public static bool Holds(List<byte[]> names, ReadOnlySpan<byte> name)
    {
        foreach (byte[] known in names)
        {
            if (name.SequenceEqual(known))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The arguments of the function that stands for the tool.</summary>
    public static JsonText ToArguments(JsonText input) => JsonText.Of($"{{\"input\":{Encoding.UTF8.GetString(input.Token.Span)}}}");

    /// <summary>The tool's input among such arguments; what a model wrote without its object is taken as it is.</summary>
    public static JsonText InputIn(JsonText arguments)
    {
        try
        {
            var members = new JsonWalk(Encoding.UTF8.GetBytes(arguments.ToString()));
            while (members.Next())
            {
                if (members.Is("input"u8) && members.IsString)
                {
                    return new JsonText(members.Value);
                }
            }
        }
        catch (JsonException)
        {
            // Cut short, or free text after all.
        }

        return arguments;
    }
}
