using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers;

/// <summary>
/// One attempt's way of speaking to a vendor: what is sent, what comes back, what the client gets of it. Made once per
/// attempt. Most are one HTTP request; some are several whose answers are joined, a few need none.
/// </summary>
internal abstract class VendorCall : IDisposable
{
    /// <summary>How many HTTP requests it takes. More than one: their answers become one; none: the gateway knows the answer itself.</summary>
    public virtual int Requests => 1;

    public virtual HttpMethod Method => HttpMethod.Post;

    /// <summary>Path and query below the base address.</summary>
    public abstract string Path { get; }

    /// <summary>What of the caller's request the vendor will not see; known once the body is written. Null: nothing.</summary>
    public string? Dropped { get; protected set; }

    /// <summary>Whether the client gets other bytes than the vendor sent.</summary>
    public virtual bool IsTranslated => false;

    /// <summary>What a streamed answer must come as.</summary>
    public virtual StreamForm Stream => StreamForm.ServerSentEvents;

    /// <summary>Fetches what the body needs from elsewhere; throws CallRefusedException where that fails.</summary>
    public virtual ValueTask PrepareAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <summary>The body of one of the requests. May be asked for again, when a request must be sent a second time.</summary>
    public abstract HttpContent? Write(int request);

    /// <summary>Headers that belong to the dialect, not to the credential.</summary>
    public virtual void AddHeaders(HttpRequestMessage request)
    {
    }

    public abstract IStreamTranslator OpenStream();

    /// <summary>
    /// Reads the whole answers, one for each request. Where they are translated, the client's bytes are written to
    /// <paramref name="client"/>; where nothing is written, the only answer's own bytes go out.
    /// </summary>
    public abstract PlainAnswer ReadAnswer(IReadOnlyList<ReadOnlyMemory<byte>> answers, Forwarding.PooledWriter client);

    public virtual void Dispose()
    {
    }
}
