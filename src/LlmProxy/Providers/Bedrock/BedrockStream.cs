using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Bedrock;

/// <summary>Tells ConverseStream's events to the client. One instance per stream, never shared.</summary>
internal sealed class BedrockStream(string? answerTool, VendorLabel vendor) : IChatStream
{
    private readonly BedrockTeller _teller = new(answerTool, vendor);

    public void Read(in StreamFrame frame, ChatSink sink)
    {
        if (frame.Event.SequenceEqual("contentBlockDelta"u8))
        {
            Delta(BedrockEvent.Read(frame.Data), sink);
        }
        else if (frame.Event.SequenceEqual("contentBlockStart"u8))
        {
            BedrockEvent block = BedrockEvent.Read(frame.Data);
            if (!block.ToolName.IsEmpty)
            {
                _teller.StartCall(block.Index, block.ToolId, block.ToolName, block.IsServerTool, sink);
            }

            Delta(block, sink);
        }
        else if (frame.Event.SequenceEqual("contentBlockStop"u8))
        {
            _teller.Stop(BedrockEvent.Read(frame.Data).Index, sink);
        }
        else if (frame.Event.SequenceEqual("messageStop"u8))
        {
            BedrockEvent stop = BedrockEvent.Read(frame.Data);
            _teller.Finish(stop.StopReason, stop.StopSequence, sink);
        }
        else if (frame.Event.SequenceEqual("metadata"u8))
        {
            Metadata(BedrockEvent.Read(frame.Data), sink);
        }
        else if (frame.Event.SequenceEqual(EventStreamFramer.Broken))
        {
            throw new JsonException("Not a message of an event stream, or one with a wrong checksum.");
        }
        else if (!frame.Event.IsEmpty)
        {
            Other(frame, sink);
        }
    }

    /// <summary>Usage comes behind the end; where it does not come at all the answer is whole all the same.</summary>
    public void Ended(ChatSink sink)
    {
        if (sink is { HasFinished: true, Failure: null })
        {
            sink.End();
        }
    }

    private void Delta(in BedrockEvent block, ChatSink sink)
    {
        sink.Text(block.Text);
        sink.Reasoning(block.Reasoning);
        if (!block.Signature.IsEmpty)
        {
            sink.Signature(block.Signature);
        }

        if (!block.Sealed.IsEmpty)
        {
            sink.Signature(block.Sealed, isSealed: true);
        }

        if (!block.Input.IsEmpty)
        {
            _teller.Input(block.Index, block.Input, sink);
        }

        if (!block.Citation.IsEmpty)
        {
            sink.Extra("citations", block.Citation);
        }
    }

    private static void Metadata(in BedrockEvent metadata, ChatSink sink)
    {
        if (BedrockUsage.Read(metadata.Usage) is { } usage)
        {
            sink.SetUsage(usage);
        }

        if (!metadata.Tier.IsEmpty)
        {
            sink.Member("service_tier", metadata.Tier);
        }

        if (sink is { HasFinished: true, Failure: null })
        {
            sink.End();
        }
    }

    /// <summary>An exception, or an event that is too new to be known.</summary>
    private void Other(in StreamFrame frame, ChatSink sink)
    {
        ReadOnlySpan<byte> kind = EventStreamMessage.Header(frame.Raw, ":message-type"u8);
        if (kind.SequenceEqual("exception"u8))
        {
            sink.Fail(BedrockErrors.Inside(frame.Event, frame.Data, default, vendor));
        }
        else if (kind.SequenceEqual("error"u8))
        {
            sink.Fail(BedrockErrors.Inside(frame.Event, frame.Data, EventStreamMessage.Header(frame.Raw, ":error-message"u8), vendor));
        }
    }
}
