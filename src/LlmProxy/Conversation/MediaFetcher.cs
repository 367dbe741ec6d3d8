using LlmProxy.Providers;

namespace LlmProxy.Conversation;

/// <summary>Fetches media that a client gave as an address, for vendors that want the bytes.</summary>
internal sealed class MediaFetcher
{
    public static ValueTask<MediaSource> FetchAsync(string url, ChatPart part, ChatTurn turn, CancellationToken cancellation) =>
        throw turn.Refuse(part.Path, "it must be fetched, and fetching is not built yet.");
}
