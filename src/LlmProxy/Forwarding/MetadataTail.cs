using System.Buffers;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Forwarding;

/// <summary>Holds back the newest chunk of a stream, so that the last one can carry the "llm" object a client asked for.</summary>
internal sealed class MetadataTail(Exchange exchange, RouteTarget target, AttemptFacts attempt) : IDisposable
{
    private readonly PooledWriter _newest = new();

    public void Write(IBufferWriter<byte> sink, ReadOnlySpan<byte> frame, bool hasData)
    {
        if (!hasData)
        {
            sink.Write(frame);
            return;
        }

        sink.Write(_newest.Written);
        _newest.Clear();
        _newest.Write(frame);
    }

    /// <summary>No chunk follows: the held one goes out with the object in it.</summary>
    public void Complete(IBufferWriter<byte> sink, IStreamTranslator translator)
    {
        ReadOnlySpan<byte> frame = _newest.Written;
        int brace = frame.LastIndexOf((byte)'}');
        if (brace < 0)
        {
            sink.Write(frame);
            _newest.Clear();
            return;
        }

        attempt.Usage = translator.Usage ?? attempt.Usage;
        attempt.SettleCost(target);
        sink.Write(frame[..brace]);
        sink.Write(",\"llm\":"u8);
        AnswerMetadata.Write(sink, exchange, target, attempt);
        sink.Write(frame[brace..]);
        _newest.Clear();
    }

    /// <summary>The stream broke, and somebody else may go on behind the held chunk.</summary>
    public void Release(IBufferWriter<byte> sink)
    {
        sink.Write(_newest.Written);
        _newest.Clear();
    }

    public void Dispose() => _newest.Dispose();
}
