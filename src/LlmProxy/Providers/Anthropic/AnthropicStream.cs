using LlmProxy.Conversation;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>Reads a stream of Messages events. What does not end with message_stop has been cut.</summary>
internal sealed class AnthropicStream(string? answerTool, VendorLabel vendor) : IChatStream
{
    private readonly AnthropicTeller _teller = new(answerTool);
    private readonly AnthropicUsage _usage = new();

    public void Read(in StreamFrame frame, ChatSink sink)
    {
        if (!frame.HasData)
        {
            return;
        }

        AnthropicEvent read = AnthropicEvent.Read(frame.Data);
        switch (read.Kind)
        {
            case EventKind.BlockDelta:
                ReadDelta(read, sink);
                break;
            case EventKind.BlockStart:
                _teller.Start(read.Index, AnthropicBlock.Read(read.Body), sink);
                break;
            case EventKind.BlockStop:
                _teller.Stop(read.Index, sink);
                break;
            case EventKind.MessageStart:
                AnthropicResponse.Begin(read.Body, _usage, sink);
                break;
            case EventKind.MessageDelta:
                ReadMessageDelta(read, sink);
                break;
            case EventKind.MessageStop:
                sink.End();
                break;
            case EventKind.Error:
                sink.Fail(AnthropicErrors.Inside(frame.Data, vendor));
                break;
            default:
                break; // ping, and what is yet to be invented.
        }
    }

    public void Ended(ChatSink sink)
    {
    }

    private void ReadDelta(in AnthropicEvent read, ChatSink sink)
    {
        switch (read.Delta)
        {
            case DeltaKind.Text:
                sink.Text(read.Text);
                break;
            case DeltaKind.Input:
                _teller.Input(read.Index, read.Text, sink);
                break;
            case DeltaKind.Thinking:
                sink.Reasoning(read.Text);
                break;
            case DeltaKind.Signature:
                AnthropicTeller.Sign(read.Text, sink);
                break;
            case DeltaKind.Citation:
                sink.Extra("citations", read.Text);
                break;
            default:
                break;
        }
    }

    private void ReadMessageDelta(in AnthropicEvent read, ChatSink sink)
    {
        if (!read.Usage.IsEmpty)
        {
            sink.SetUsage(_usage.Read(read.Usage));
        }

        if (!read.StopReason.IsEmpty && !sink.HasFinished)
        {
            _teller.Finish(read.StopReason, read.StopSequence, read.Explanation, sink);
        }
    }
}
