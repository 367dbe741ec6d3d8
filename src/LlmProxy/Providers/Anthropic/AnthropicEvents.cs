using System.Buffers;
using LlmProxy.Accounting;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>
/// Messages events, handed on as they come. Once there has been output, a delta's name says enough and nothing of it is
/// read.
/// </summary>
internal sealed class AnthropicEvents(VendorLabel vendor) : IStreamTranslator
{
    private readonly JsonMembers _members = new();
    private readonly AnthropicUsage _usage = new();
    private bool _hasOutput;
    private bool _hasEnded;

    public VendorFailure? Failure { get; private set; }

    public TokenUsage? Usage { get; private set; }

    public string? ReportedModel { get; private set; }

    public bool IsComplete => _hasEnded && Failure is null;

    public FrameVerdict Translate(in StreamFrame frame, IBufferWriter<byte> client)
    {
        if (!StreamFrames.IsReadable(frame, _members))
        {
            return StreamFrames.PassUnread(frame);
        }

        if (_hasOutput && !frame.IsCut && frame.Event.SequenceEqual("content_block_delta"u8))
        {
            return FrameVerdict.Pass;
        }

        return StreamFrames.Send(frame, Judge(frame), default, client);
    }

    private FrameVerdict Judge(in StreamFrame frame)
    {
        try
        {
            AnthropicEvent read = AnthropicEvent.Read(frame.Data);
            if (read.Kind == EventKind.Error || frame.Event.SequenceEqual("error"u8))
            {
                Failure = AnthropicErrors.Inside(frame.Data, vendor);
                return FrameVerdict.Error;
            }

            return FrameVerdict.Pass | Judge(read);
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e))
        {
            return FrameVerdict.Pass; // Not ours to judge: the client gets what the vendor sent.
        }
    }

    private FrameVerdict Judge(in AnthropicEvent read)
    {
        switch (read.Kind)
        {
            case EventKind.MessageStart:
                ReadStart(read.Body);
                return FrameVerdict.None;
            case EventKind.BlockStart:
                AnthropicBlock block = AnthropicBlock.Read(read.Body);
                return Output(block.Kind is BlockKind.Tool or BlockKind.Sealed or BlockKind.Other || !block.Text.IsEmpty);
            case EventKind.BlockDelta:
                return Output(!read.Text.IsEmpty && read.Delta is not (DeltaKind.Other or DeltaKind.Signature));
            case EventKind.MessageDelta:
                Usage = read.Usage.IsEmpty ? Usage : _usage.Read(read.Usage);
                return read.StopReason.IsEmpty ? FrameVerdict.None : Output(true) | FrameVerdict.Finish;
            case EventKind.MessageStop:
                _hasEnded = true;
                return FrameVerdict.End;
            default:
                return FrameVerdict.None;
        }
    }

    private FrameVerdict Output(bool isOutput)
    {
        _hasOutput |= isOutput;
        return isOutput ? FrameVerdict.Output : FrameVerdict.None;
    }

    private void ReadStart(ReadOnlySpan<byte> message)
    {
        _members.Read(message);
        int model = _members.Find(message, "model"u8);
        int usage = _members.Find(message, "usage"u8);
        ReportedModel = model >= 0 ? StreamFrames.Text(_members[model].Value(message)) : ReportedModel;
        Usage = usage >= 0 ? _usage.Read(_members[usage].Value(message)) : Usage;
    }
}
