using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Gemini;

/// <summary>Tools that Google runs itself, by the names that clients of several dialects have for them. https://ai.google.dev/gemini-api/docs/tools</summary>
internal static class GeminiNativeTools
{
    /// <summary>One entry of "tools".</summary>
    public static void Write(Utf8JsonWriter json, ChatTool tool, string path, ChatTurn turn)
    {
        string type = tool.NativeType!;
        string name = NameOf(type) ?? throw turn.Refuse(path + ".type", $"Google has no tool \"{type}\".");
        json.WriteStartObject();
        json.WritePropertyName(name);
        ReadOnlyMemory<byte> settings = default;
        var members = new JsonWalk(tool.Raw);
        while (members.Next())
        {
            string member = members.Name();
            if (member is "type" or "name" or "cache_control")
            {
                continue;
            }

            if (GeminiNames.Camel(member) == name && members.IsObject)
            {
                settings = members.Value;
            }
            else if (!members.IsNull)
            {
                turn.Fields.Drop($"{path}.{member}");
            }
        }

        json.WriteRawValue(settings.IsEmpty ? "{}"u8 : settings.Span, skipInputValidation: true);
        json.WriteEndObject();
    }

    private static string? NameOf(string type)
    {
        string camel = GeminiNames.Camel(type);
        return camel switch
        {
            "googleSearch" or "googleSearchRetrieval" or "enterpriseWebSearch" or "codeExecution" or "urlContext" or "googleMaps"
                or "computerUse" or "fileSearch" or "retrieval" => camel,
            "codeInterpreter" => "codeExecution",
            _ when camel.StartsWith("webSearch", StringComparison.Ordinal) => "googleSearch", // Also web_search_preview, web_search_20250305.
            _ when camel.StartsWith("codeExecution", StringComparison.Ordinal) => "codeExecution",
            _ when camel.StartsWith("webFetch", StringComparison.Ordinal) => "urlContext",
            _ => null,
        };
    }
}

/// <summary>Google's names, which clients write in either way.</summary>
internal static class GeminiNames
{
    /// <summary>"safety_settings" becomes "safetySettings".</summary>
    public static string Camel(string name)
    {
        if (!name.Contains('_', StringComparison.Ordinal))
        {
            return name;
        }

        var camel = new StringBuilder(name.Length);
        for (int i = 0; i < name.Length; i++)
        {
            if (name[i] != '_')
            {
                camel.Append(i > 0 && name[i - 1] == '_' ? char.ToUpperInvariant(name[i]) : name[i]);
            }
        }

        return camel.ToString();
    }
}
