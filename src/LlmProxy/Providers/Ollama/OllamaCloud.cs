namespace LlmProxy.Providers.Ollama;

/// <summary>Which models a server at home only relays to Ollama's own cloud: their names say it.</summary>
internal static class OllamaCloud
{
    private static readonly string[] Endings = ["-cloud", ":cloud"];

    public static bool Runs(string model) => Array.Exists(Endings, ending => model.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
}
