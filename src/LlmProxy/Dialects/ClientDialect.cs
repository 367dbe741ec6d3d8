using System.Buffers;
using LlmProxy.Pipeline;

namespace LlmProxy.Dialects;

/// <summary>What all endpoints of one client dialect share: how errors look, and what keeps a silent stream open.</summary>
internal abstract class ClientDialect
{
    /// <summary>What a stream of this dialect is sent as.</summary>
    public virtual string StreamType => "text/event-stream";

    /// <summary>Says nothing and keeps a stream from being given up; empty: the dialect has no such thing.</summary>
    public abstract ReadOnlySpan<byte> KeepAlive { get; }

    /// <summary>A whole answer that is an error.</summary>
    public abstract void WriteError(IBufferWriter<byte> output, GatewayError error, string requestId);

    /// <summary>The same as the last event of a stream that has begun.</summary>
    public abstract void WriteErrorEvent(IBufferWriter<byte> output, GatewayError error, string requestId);

    /// <summary>The same in a dialect that numbers its events.</summary>
    public virtual void WriteErrorEvent(IBufferWriter<byte> output, GatewayError error, string requestId, long number) => WriteErrorEvent(output, error, requestId);

    /// <summary>Headers that SDKs of this dialect read on every answer, besides ours.</summary>
    public virtual void AddHeaders(IHeaderDictionary headers, string requestId)
    {
    }
}
