using System.Buffers;
using LlmProxy.Wire;

namespace LlmProxy.Conversation;

/// <summary>How a vendor with a dialect of its own holds a conversation: its request, its stream, its whole answer.</summary>
internal interface IChatVendor
{
    /// <summary>Whether one call can bring several answers ("n"); else the gateway makes several calls.</summary>
    bool HasChoices => false;

    /// <summary>Whether this part's media must be fetched and handed over as bytes, because the vendor reads no addresses.</summary>
    bool WantsBytes(ChatPart part, ChatTurn turn);

    /// <summary>Path and query below the base address.</summary>
    string PathFor(ChatTurn turn);

    /// <summary>
    /// Writes the vendor's request. Takes every field it honours from <see cref="ChatTurn.Fields"/>, drops by name what it
    /// cannot say, and throws <see cref="ChatTurn.Refuse"/> where the call would lose its meaning.
    /// </summary>
    void Write(ChatTurn turn, IBufferWriter<byte> body);

    /// <summary>Whether the answer says its given beginning (<see cref="ChatTurn.GoesOn"/>) over again.</summary>
    bool RepeatsBeginning(ChatTurn turn) => false;

    /// <summary>What the vendor's streams come as.</summary>
    StreamForm Stream { get; }

    IChatStream OpenStream(ChatTurn turn);

    /// <summary>Tells a whole answer to the sink, from Begin to End. Throws JsonException where it is not what the vendor documents.</summary>
    void ReadWhole(ChatTurn turn, ReadOnlySpan<byte> body, ChatSink sink);
}

/// <summary>Reads a vendor's stream. One instance per stream, never shared.</summary>
internal interface IChatStream
{
    /// <summary>Tells what one event says. Unknown events are skipped; a broken one throws JsonException.</summary>
    void Read(in StreamFrame frame, ChatSink sink);

    /// <summary>No event follows. A vendor without closing mark ends the sink here if its answer was whole; what is not ended has been cut.</summary>
    void Ended(ChatSink sink);
}

/// <summary>A kind of event stream: its media type, and what finds the events in it.</summary>
internal sealed record StreamForm(string MediaType, Func<IStreamFramer> OpenFramer)
{
    public static readonly StreamForm ServerSentEvents = new("text/event-stream", () => new SseFramer());

    public static readonly StreamForm JsonLines = new("application/x-ndjson", () => new LineFramer());

    public static readonly StreamForm EventStream = new(EventStreamFramer.MediaType, () => new EventStreamFramer());

    public bool Matches(string? contentType) => contentType is not null && contentType.StartsWith(MediaType, StringComparison.OrdinalIgnoreCase);
}
