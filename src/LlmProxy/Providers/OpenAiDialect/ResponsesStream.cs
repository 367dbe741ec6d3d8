using System.Buffers;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Hands the typed events of the Responses API on and learns from them what the gateway must know.</summary>
internal sealed class ResponsesStream(Func<ReadOnlySpan<byte>, VendorFailure> readFailure) : OpenAiStreamBase(readFailure), IStreamTranslator
{
    public FrameVerdict Translate(in SseFrame frame, IBufferWriter<byte> client)
    {
        if (!frame.HasData)
        {
            return FrameVerdict.Pass;
        }

        ReadOnlySpan<byte> data = frame.Data;
        if (frame.IsDone)
        {
            IsComplete = true;
            return FrameVerdict.Pass | FrameVerdict.End;
        }

        ReadOnlySpan<byte> name = frame.Event;
        if (name.EndsWith(".delta"u8))
        {
            return FrameVerdict.Pass | FrameVerdict.Output;
        }

        if (!TryRead(data))
        {
            return FrameVerdict.Pass;
        }

        int type = Members.Find(data, "type"u8);
        if (name.IsEmpty && type >= 0 && Members[type].Kind == JsonTokenType.String)
        {
            name = Members[type].Value(data)[1..^1];
        }

        if (name.SequenceEqual("error"u8) || name.SequenceEqual("response.failed"u8) || HasError(data))
        {
            return Fail(data);
        }

        bool isEnd = name.SequenceEqual("response.completed"u8) || name.SequenceEqual("response.incomplete"u8);
        TakeResponse(data, isEnd);
        if (isEnd)
        {
            // Some servers send [DONE] after it and most do not: the stream is whole either way.
            IsComplete = true;
            return FrameVerdict.Pass | FrameVerdict.Output | FrameVerdict.Finish;
        }

        bool isOutput = name.EndsWith(".delta"u8) || (name.SequenceEqual("response.output_item.added"u8) && data.IndexOf("_call\""u8) >= 0);
        return isOutput ? FrameVerdict.Pass | FrameVerdict.Output : FrameVerdict.Pass;
    }

    private void TakeResponse(ReadOnlySpan<byte> data, bool isEnd)
    {
        int response = Members.Find(data, "response"u8);
        if (response < 0 || Members[response].Kind != JsonTokenType.StartObject || (ReportedModel is not null && !isEnd))
        {
            return;
        }

        ReadOnlySpan<byte> value = Members[response].Value(data);
        if (!TryRead(value))
        {
            return;
        }

        TakeModel(value);
        int usage = Members.Find(value, "usage"u8);
        Usage = usage >= 0 ? UsageReader.Read(Members[usage].Value(value)) ?? Usage : Usage;
    }
}
