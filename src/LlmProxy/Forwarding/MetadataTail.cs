using System.Buffers;
using System.Text.Json;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Forwarding;

/// <summary>
/// Lets the last chunk of a stream carry the "llm" object a client asked for: a chunk that may be the last is held back until
/// another follows. Text is not.
/// </summary>
internal sealed class MetadataTail(Exchange exchange, RouteTarget target, AttemptFacts attempt) : IDisposable
{
    private readonly PooledWriter _newest = new();
    private bool _isTold;

    public void Write(IBufferWriter<byte> sink, ReadOnlySpan<byte> frame, bool hasData, bool mayBeLast)
    {
        if (!hasData)
        {
            sink.Write(frame);
            return;
        }

        sink.Write(_newest.Written);
        _newest.Clear();
        if (mayBeLast)
        {
            _newest.Write(frame);
        }
        else
        {
            sink.Write(frame);
        }
    }

    /// <summary>No chunk follows: the held one goes out with the object in it.</summary>
    public void Complete(IBufferWriter<byte> sink, IStreamTranslator translator)
    {
        if (_newest.Length == 0 && !_isTold && translator is { TellsFinish: true, IsComplete: true })
        {
            WriteEmptyChunk(translator.ReportedModel ?? target.Model); // The vendor never said that the answer is finished.
        }

        ReadOnlySpan<byte> frame = _newest.Written;
        int brace = frame.LastIndexOf((byte)'}');
        if (brace < 0)
        {
            sink.Write(frame);
            _newest.Clear();
            return;
        }

        _isTold = true;
        attempt.Usage = translator.Usage ?? attempt.Usage;
        attempt.SettleCost(target);
        sink.Write(frame[..brace]);
        sink.Write(",\"llm\":"u8);
        AnswerMetadata.Write(sink, exchange, target, attempt);
        sink.Write(frame[brace..]);
        _newest.Clear();
    }

    private void WriteEmptyChunk(string model)
    {
        _newest.Write("data: "u8);
        using (var json = new Utf8JsonWriter(_newest, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder }))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, exchange.Id);
            json.WriteString("object"u8, exchange.Endpoint == EndpointKind.Completions ? "text_completion"u8 : "chat.completion.chunk"u8);
            json.WriteNumber("created"u8, exchange.Time.GetUtcNow().ToUnixTimeSeconds());
            json.WriteString("model"u8, model);
            json.WriteStartArray("choices"u8);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        _newest.Write("\n\n"u8);
    }

    /// <summary>The stream broke, and somebody else may go on behind the held chunk.</summary>
    public void Release(IBufferWriter<byte> sink)
    {
        sink.Write(_newest.Written);
        _newest.Clear();
    }

    public void Dispose() => _newest.Dispose();
}
