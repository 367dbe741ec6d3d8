using System.Buffers;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers;

/// <summary>Turns a vendor's stream events into the client's. One instance per stream, never shared.</summary>
internal interface IStreamTranslator
{
    /// <summary>Reads one whole event. With Pass in the verdict its own bytes are sent; otherwise what was written to <paramref name="client"/>.</summary>
    FrameVerdict Translate(in StreamFrame frame, IBufferWriter<byte> client);

    /// <summary>The vendor's stream has ended: what the client is still owed is written.</summary>
    void Ended(IBufferWriter<byte> client)
    {
    }

    /// <summary>The failure behind the last Error verdict.</summary>
    VendorFailure? Failure { get; }

    /// <summary>What the vendor has reported so far.</summary>
    TokenUsage? Usage { get; }

    /// <summary>The model the vendor says is answering.</summary>
    string? ReportedModel { get; }

    /// <summary>Whether a stream that stops here, without its closing mark, was whole all the same.</summary>
    bool IsComplete { get; }

    /// <summary>Whether it says Finish at the event that closes an answer, so that no event before it is the last one.</summary>
    bool TellsFinish => true;

    /// <summary>How long the answer's texts are so far; null where they are not looked at.</summary>
    long? TextBytes => null;

    /// <summary>What writes the client's events, where they are the gateway's own; null where the vendor's pass.</summary>
    ChatSink? Client => null;
}
