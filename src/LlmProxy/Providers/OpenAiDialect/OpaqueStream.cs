using System.Buffers;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Streams of which only errors and usage concern us: images as they form, transcripts as they are heard.</summary>
internal sealed class OpaqueStream(Func<ReadOnlySpan<byte>, VendorFailure> readFailure) : OpenAiStreamBase(readFailure), IStreamTranslator
{
    public FrameVerdict Translate(in SseFrame frame, IBufferWriter<byte> client)
    {
        if (!frame.HasData)
        {
            return FrameVerdict.Pass;
        }

        if (frame.IsDone)
        {
            IsComplete = true;
            return FrameVerdict.Pass | FrameVerdict.End;
        }

        ReadOnlySpan<byte> data = frame.Data;
        if (frame.Event.SequenceEqual("error"u8))
        {
            return Fail(data);
        }

        bool mayMatter = data.IndexOf("\"error\""u8) >= 0 || data.IndexOf("\"usage\""u8) >= 0 || ReportedModel is null;
        if (mayMatter && TryRead(data))
        {
            if (HasError(data))
            {
                return Fail(data);
            }

            TakeModel(data);
            int usage = Members.Find(data, "usage"u8);
            Usage = usage >= 0 ? UsageReader.Read(Members[usage].Value(data)) ?? Usage : Usage;
        }

        // These streams have no closing mark that all vendors send: every event may be the last.
        IsComplete = true;
        return FrameVerdict.Pass | FrameVerdict.Output;
    }
}
