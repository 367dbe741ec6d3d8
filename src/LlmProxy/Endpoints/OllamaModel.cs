using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LlmProxy.Configuration;
using LlmProxy.Routing;

namespace LlmProxy.Endpoints;

/// <summary>A model as clients of Ollama see it. Size, digest and date are of no file: they are there because clients read them.</summary>
internal static class OllamaModel
{
    private const string Latest = ":latest";
    private const string Modified = "2025-01-01T00:00:00Z";

    /// <summary>The name as it is known here: many clients put ":latest" behind every name that has no tag.</summary>
    public static string NameIn(GatewaySnapshot snapshot, string asked) =>
        asked.EndsWith(Latest, StringComparison.OrdinalIgnoreCase) && snapshot.Models.Find(asked) is null && snapshot.Models.Find(asked[..^Latest.Length]) is not null
            ? asked[..^Latest.Length]
            : asked;

    public static void WriteListed(Utf8JsonWriter json, ModelEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, entry.Id);
        json.WriteString("model"u8, entry.Id);
        json.WriteString("modified_at"u8, Modified);
        json.WriteNumber("size"u8, 0);
        json.WriteString("digest"u8, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(entry.Id))));
        WriteDetails(json, entry);
        WriteCapabilities(json, entry);
        json.WriteEndObject();
    }

    public static void WriteShown(Utf8JsonWriter json, ModelEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("modelfile"u8, "");
        json.WriteString("parameters"u8, "");
        json.WriteString("template"u8, "");
        WriteDetails(json, entry);
        json.WriteStartObject("model_info"u8);
        json.WriteString("general.architecture"u8, entry.OwnedBy);
        json.WriteString("general.basename"u8, entry.Target?.Model ?? entry.Id);
        if (entry.Facts?.ContextWindow is > 0 and var window)
        {
            json.WriteNumber($"{entry.OwnedBy}.context_length", window);
        }

        json.WriteEndObject();
        WriteCapabilities(json, entry);
        json.WriteString("modified_at"u8, Modified);
        json.WriteEndObject();
    }

    private static void WriteDetails(Utf8JsonWriter json, ModelEntry entry)
    {
        json.WriteStartObject("details"u8);
        json.WriteString("parent_model"u8, "");
        json.WriteString("format"u8, "");
        json.WriteString("family"u8, entry.OwnedBy);
        json.WriteStartArray("families"u8);
        json.WriteStringValue(entry.OwnedBy);
        json.WriteEndArray();
        json.WriteString("parameter_size"u8, "");
        json.WriteString("quantization_level"u8, "");
        json.WriteEndObject();
    }

    /// <summary>By Ollama's names for what is known of the LLM; where nothing is, what nearly every model can.</summary>
    private static void WriteCapabilities(Utf8JsonWriter json, ModelEntry entry)
    {
        json.WriteStartArray("capabilities"u8);
        bool chats = entry.Llm?.Has(EndpointKind.Chat) ?? true;
        FrozenSet<string> said = entry.Facts?.Capabilities ?? FrozenSet<string>.Empty;
        bool Says(string word) => said.Contains(word, StringComparer.OrdinalIgnoreCase);
        if (chats)
        {
            json.WriteStringValue("completion"u8);
        }

        if (chats && (said.Count == 0 || Says("tools")))
        {
            json.WriteStringValue("tools"u8);
        }

        if (Says("vision"))
        {
            json.WriteStringValue("vision"u8);
        }

        if (Says("reasoning") && entry.Facts?.Thinks != false)
        {
            json.WriteStringValue("thinking"u8);
        }

        // Every LLM of some providers could; one whose Endpoints say so does.
        if (entry.Llm is { } llm && llm.Has(EndpointKind.Embeddings) && (!chats || llm.Options.Endpoints.Count > 0))
        {
            json.WriteStringValue("embedding"u8);
        }

        json.WriteEndArray();
    }
}
