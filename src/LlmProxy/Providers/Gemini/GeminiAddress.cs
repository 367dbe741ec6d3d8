namespace LlmProxy.Providers.Gemini;

/// <summary>Models below the developer API's base address.</summary>
internal static class GeminiAddress
{
    /// <summary>"models/gemini-2.5-flash"; tuned models bring their own collection.</summary>
    public static string NameOf(string model)
    {
        foreach (string collection in (ReadOnlySpan<string>)["models/", "tunedModels/"])
        {
            if (model.StartsWith(collection, StringComparison.Ordinal))
            {
                return model;
            }
        }

        return "models/" + model;
    }

    public static string For(string model, string action)
    {
        string name = NameOf(model);
        int slash = name.IndexOf('/', StringComparison.Ordinal) + 1;
        return $"{name[..slash]}{Uri.EscapeDataString(name[slash..])}:{action}";
    }

    /// <summary>generateContent, or the same as server-sent events.</summary>
    public static string ActionFor(bool isStream) => isStream ? "streamGenerateContent?alt=sse" : "generateContent";
}
