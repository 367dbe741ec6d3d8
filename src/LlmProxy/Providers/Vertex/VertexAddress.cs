using System.Collections.Concurrent;
using System.Text.Json;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Providers.Vertex;

/// <summary>Where the cloud's models are: project, location, publisher. https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations</summary>
internal static class VertexAddress
{
    private static readonly ConcurrentDictionary<string, string?> ProjectsByFile = new(StringComparer.Ordinal);

    /// <summary>Without one the global endpoint.</summary>
    public static string LocationOf(LlmOptions llm) =>
        llm.Auth.Get("location") ?? Variable("GOOGLE_CLOUD_LOCATION") ?? "global";

    /// <summary>Null: nothing names it.</summary>
    public static string? ProjectOf(LlmOptions llm) =>
        llm.Auth.Get("project")
        ?? Variable("GOOGLE_CLOUD_PROJECT")
        ?? ((SourceOf(llm) ?? Variable("GOOGLE_APPLICATION_CREDENTIALS")) is { } file ? ProjectsByFile.GetOrAdd(file, ProjectIn) : null);

    /// <summary>The file of the credential, or its JSON; null: whatever this machine has.</summary>
    public static string? SourceOf(LlmOptions llm) => llm.Auth.Get("credentials_file");

    /// <summary>Regions have hosts of their own, multi-regions hosts of another form, "global" is in none.</summary>
    public static string HostOf(string location) => location switch
    {
        "global" => "https://aiplatform.googleapis.com",
        "us" or "eu" => $"https://aiplatform.{location}.rep.googleapis.com",
        _ => $"https://{location}-aiplatform.googleapis.com",
    };

    public static bool IsClaude(string model) =>
        model.StartsWith("claude", StringComparison.OrdinalIgnoreCase)
        || model.StartsWith("anthropic/", StringComparison.OrdinalIgnoreCase)
        || model.Contains("publishers/anthropic/", StringComparison.OrdinalIgnoreCase);

    /// <summary>Path and query of one action on a model.</summary>
    public static string For(LlmOptions llm, string model, string action)
    {
        if (model.StartsWith("projects/", StringComparison.Ordinal))
        {
            return $"v1/{model}:{action}";
        }

        string root = $"v1/projects/{Uri.EscapeDataString(ProjectOf(llm) ?? "-")}/locations/{Uri.EscapeDataString(LocationOf(llm))}";
        if (model.StartsWith("publishers/", StringComparison.Ordinal) || model.StartsWith("endpoints/", StringComparison.Ordinal))
        {
            return $"{root}/{model}:{action}";
        }

        if (model.Length > 0 && model.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0)
        {
            return $"{root}/endpoints/{model}:{action}"; // A tuned model's endpoint has a number for a name.
        }

        (string publisher, string name) = IsClaude(model) ? ("anthropic", Without(model, "anthropic/")) : ("google", Without(model, "google/"));
        return $"{root}/publishers/{publisher}/models/{Uri.EscapeDataString(name).Replace("%40", "@", StringComparison.Ordinal)}:{action}";
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static string Without(string model, string prefix) =>
        model.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? model[prefix.Length..] : model;

    private static string? ProjectIn(string source)
    {
        try
        {
            using var document = JsonDocument.Parse(source.AsSpan().TrimStart().StartsWith('{') ? source : File.ReadAllText(source));
            foreach (string name in (ReadOnlySpan<string>)["project_id", "quota_project_id"])
            {
                if (document.RootElement.TryGetProperty(name, out JsonElement project) && project.ValueKind == JsonValueKind.String)
                {
                    return project.GetString();
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or ArgumentException or NotSupportedException)
        {
            // The credential says so itself once it is used.
        }

        return null;
    }
}
