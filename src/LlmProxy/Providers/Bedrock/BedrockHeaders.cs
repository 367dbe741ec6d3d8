namespace LlmProxy.Providers.Bedrock;

/// <summary>Headers as Bedrock wants them, whatever the client sent for its own dialect.</summary>
internal static class BedrockHeaders
{
    public static void Clean(HttpRequestMessage request)
    {
        string path = request.RequestUri!.AbsolutePath;

        // A model's answer is given in the type asked for; clients ask for event streams of another kind.
        request.Headers.Remove("Accept");
        request.Headers.TryAddWithoutValidation("Accept", path.EndsWith("/converse-stream", StringComparison.Ordinal) ? Wire.EventStreamFramer.MediaType : "application/json");
        request.Headers.Remove("anthropic-version");
        request.Headers.Remove("anthropic-beta");
        request.Headers.Remove("openai-beta");
    }
}
