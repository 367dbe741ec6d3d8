using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Bedrock;

/// <summary>Tells a whole answer of Converse.</summary>
internal static class BedrockResponse
{
    public static void Read(ReadOnlySpan<byte> body, ChatTurn turn, ChatSink sink)
    {
        var teller = new BedrockTeller(turn.AnswerTool, turn.Llm.Label);

        // Content first, whatever the order: the reason for the end depends on what it holds.
        BedrockEvent facts = BedrockEvent.Read(body);
        ReadOnlyMemory<byte> content = Member(Member(Member(body.ToArray(), "output"u8), "message"u8), "content"u8);
        if (facts.StopReason.IsEmpty || (!content.IsEmpty && content.Span[0] != '['))
        {
            throw new JsonException("An answer has content and a stopReason.");
        }

        var blocks = new JsonWalk(content.IsEmpty ? "[]"u8.ToArray() : content);
        while (blocks.Next())
        {
            if (blocks.IsObject)
            {
                TellBlock(blocks.Value, blocks.Index, teller, sink);
            }
        }

        if (BedrockUsage.Read(facts.Usage) is { } usage)
        {
            sink.SetUsage(usage);
        }

        if (!facts.Tier.IsEmpty)
        {
            sink.Member("service_tier", facts.Tier);
        }

        teller.Finish(facts.StopReason, facts.StopSequence, sink);
        if (sink.Failure is null)
        {
            sink.End();
        }
    }

    private static void TellBlock(ReadOnlyMemory<byte> block, int index, BedrockTeller teller, ChatSink sink)
    {
        var members = new JsonWalk(block);
        while (members.Next())
        {
            if (members.Is("text"u8) && members.IsString)
            {
                sink.Text(members.Value.Span[1..^1]);
            }
            else if (members.Is("toolUse"u8))
            {
                TellCall(members.Value, index, teller, sink);
            }
            else if (members.Is("reasoningContent"u8))
            {
                TellReasoning(members.Value, sink);
            }
            else if (members.Is("citationsContent"u8))
            {
                TellCited(members.Value, sink);
            }
        }
    }

    private static void TellCall(ReadOnlyMemory<byte> call, int index, BedrockTeller teller, ChatSink sink)
    {
        ReadOnlyMemory<byte> name = Member(call, "name"u8);
        bool isServers = Text(Member(call, "type"u8)).SequenceEqual("server_tool_use"u8);
        teller.StartCall(index, Text(Member(call, "toolUseId"u8)), Text(name), isServers, sink);
        ReadOnlyMemory<byte> input = Member(call, "input"u8);
        if (!input.IsEmpty && !input.Span.SequenceEqual("null"u8))
        {
            teller.WholeInput(index, input.Span, sink);
        }

        teller.Stop(index, sink);
    }

    private static void TellReasoning(ReadOnlyMemory<byte> reasoning, ChatSink sink)
    {
        ReadOnlyMemory<byte> text = Member(reasoning, "reasoningText"u8);
        sink.Reasoning(Text(Member(text, "text"u8)));
        ReadOnlySpan<byte> signature = Text(Member(text, "signature"u8));
        if (!signature.IsEmpty)
        {
            sink.Signature(signature);
        }

        ReadOnlySpan<byte> hidden = Text(Member(reasoning, "redactedContent"u8));
        if (!hidden.IsEmpty)
        {
            sink.Signature(hidden, isSealed: true);
        }
    }

    private static void TellCited(ReadOnlyMemory<byte> cited, ChatSink sink)
    {
        var texts = new JsonWalk(Or(Member(cited, "content"u8)));
        while (texts.Next())
        {
            sink.Text(Text(Member(texts.Value, "text"u8)));
        }

        var citations = new JsonWalk(Or(Member(cited, "citations"u8)));
        while (citations.Next())
        {
            sink.Extra("citations", citations.Value.Span);
        }
    }

    private static ReadOnlyMemory<byte> Or(ReadOnlyMemory<byte> list) => list.IsEmpty ? "[]"u8.ToArray() : list;

    /// <summary>Empty where it is missing.</summary>
    private static ReadOnlyMemory<byte> Member(ReadOnlyMemory<byte> json, ReadOnlySpan<byte> name)
    {
        if (json.IsEmpty)
        {
            return default;
        }

        var members = new JsonWalk(json);
        while (members.Next())
        {
            if (members.Is(name))
            {
                return members.Value;
            }
        }

        return default;
    }

    private static ReadOnlySpan<byte> Text(ReadOnlyMemory<byte> json) => json.Length > 1 && json.Span[0] == '"' ? json.Span[1..^1] : default;
}
