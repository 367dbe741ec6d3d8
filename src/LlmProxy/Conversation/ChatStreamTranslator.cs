using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Wire;

namespace LlmProxy.Conversation;

/// <summary>Joins a vendor's stream reader with a client's sink: what the relay sees of a translated stream.</summary>
internal sealed class ChatStreamTranslator(ChatTurn turn, IChatStream vendor, ChatSink sink) : IStreamTranslator
{
    private bool _hadOutput;

    public VendorFailure? Failure => sink.Failure;

    public TokenUsage? Usage => sink.Usage;

    public string? ReportedModel => sink.ReportedModel;

    public bool IsComplete => sink.HasEnded;

    public FrameVerdict Translate(in StreamFrame frame, IBufferWriter<byte> client)
    {
        if (!frame.HasData && frame.Event.IsEmpty)
        {
            return FrameVerdict.None;
        }

        sink.Output = client;
        try
        {
            vendor.Read(frame, sink);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            if (!frame.IsCut)
            {
                sink.Fail(Unreadable());
            }
        }

        return Verdict();
    }

    public void Ended(IBufferWriter<byte> client)
    {
        sink.Output = client;
        vendor.Ended(sink);
    }

    private FrameVerdict Verdict()
    {
        if (sink.Failure is not null)
        {
            return FrameVerdict.Error;
        }

        FrameVerdict verdict = sink.HasFinished ? FrameVerdict.Finish : FrameVerdict.None;
        if (sink.HasOutput && !_hadOutput)
        {
            _hadOutput = true;
            verdict |= FrameVerdict.Output;
        }

        return sink.HasEnded ? verdict | FrameVerdict.End : verdict;
    }

    private VendorFailure Unreadable() => new(
        ErrorCode.InvalidProviderResponse,
        $"{TransportFailures.Who(turn.Target)} sent a stream event that is not what {turn.Llm.ProviderName} documents.");
}
