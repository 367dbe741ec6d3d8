using LlmProxy.Endpoints;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Who asked for usage in a stream. What only we asked for, the client never sees.</summary>
internal readonly record struct OpenAiStreamOptions(bool ClientAskedForUsage, bool WeAskedForUsage)
{
    /// <summary>Where chunks must be what OpenAI's schema promises: what to call an answer whose vendor does not. Null: they pass as they are.</summary>
    public AnswerIdentity? Identity { get; init; }

    public bool HideUsage => WeAskedForUsage && !ClientAskedForUsage;
}

/// <summary>Chooses the translator for an endpoint's stream when vendor and client both speak OpenAI's dialect.</summary>
internal static class OpenAiStreams
{
    public static IStreamTranslator Open(EndpointKind endpoint, VendorLabel vendor, OpenAiStreamOptions options)
    {
        if (endpoint == EndpointKind.Chat || endpoint == EndpointKind.Completions)
        {
            return new ChunkStream(vendor, options);
        }

        return endpoint == EndpointKind.Responses ? new ResponsesStream(vendor) : new OpaqueStream(vendor);
    }
}
