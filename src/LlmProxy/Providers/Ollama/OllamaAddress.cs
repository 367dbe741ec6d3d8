namespace LlmProxy.Providers.Ollama;

/// <summary>What people paste as Ollama's address: its host, its API's path, the path it serves to OpenAI's clients.</summary>
internal static class OllamaAddress
{
    private static readonly string[] Paths =
        ["/v1/chat/completions", "/v1/embeddings", "/v1", "/api/chat", "/api/generate", "/api/embed", "/api/embeddings", "/api/tags", "/api/version", "/api"];

    /// <summary>The server's root without a trailing slash; null when nothing was written.</summary>
    public static string? Normalize(string written)
    {
        string address = written.Trim().TrimEnd('/');
        foreach (string path in Paths)
        {
            if (address.EndsWith(path, StringComparison.OrdinalIgnoreCase))
            {
                return address[..^path.Length].TrimEnd('/');
            }
        }

        return address.Length == 0 ? null : address;
    }
}
