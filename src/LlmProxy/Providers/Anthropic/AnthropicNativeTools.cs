using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>
/// Tools that are no functions: Anthropic's own pass as they were written (web_search_20250305, computer_20250124,
/// mcp_toolset); OpenAI's web search has its like; the rest cannot be had here.
/// </summary>
internal static class AnthropicNativeTools
{
    public static void Write(Utf8JsonWriter json, ChatTurn turn, ChatTool tool, string type, string path)
    {
        if (IsOwn(type, tool))
        {
            json.WriteRawValue(tool.Raw.Span, skipInputValidation: true);
        }
        else if (type.StartsWith("web_search", StringComparison.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "web_search_20250305"u8);
            json.WriteString("name"u8, "web_search"u8);
            json.WriteEndObject();
        }
        else
        {
            throw turn.Refuse(path, $"tools of type \"{type}\" are not known to it.");
        }
    }

    /// <summary>Anthropic's names end in the date of their version.</summary>
    private static bool IsOwn(string type, ChatTool tool)
    {
        if (type == "custom")
        {
            return Has(tool.Raw, "input_schema"u8); // OpenAI's "custom" is a tool of free text.
        }

        if (type == "mcp_toolset")
        {
            return true;
        }

        int date = type.LastIndexOf('_') + 1;
        return date > 1 && type.Length - date == 8 && type.AsSpan(date).ContainsAnyExceptInRange('0', '9') == false;
    }

    private static bool Has(ReadOnlyMemory<byte> json, ReadOnlySpan<byte> name)
    {
        var members = new JsonWalk(json);
        while (members.Next())
        {
            if (members.Is(name))
            {
                return true;
            }
        }

        return false;
    }
}
