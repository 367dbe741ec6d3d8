using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>
/// Tells content blocks to the client's sink, whether they come whole or piece by piece. Anthropic numbers all blocks;
/// the sink numbers only tool calls. One instance per answer, never shared.
/// </summary>
internal sealed class AnthropicTeller(string? answerTool)
{
    private const int MostOpenBlocks = 256;

    private readonly byte[]? _answerTool = answerTool is null ? null : System.Text.Encoding.UTF8.GetBytes(answerTool);
    private readonly List<OpenBlock> _open = [];
    private int _calls;

    public void Start(int index, in AnthropicBlock block, ChatSink sink)
    {
        var open = new OpenBlock { Index = index, Kind = block.Kind };
        switch (block.Kind)
        {
            case BlockKind.Text:
                sink.Text(block.Text);
                TellCitations(block.Citations, sink);
                break;
            case BlockKind.Thinking:
                sink.Reasoning(block.Text);
                Sign(block.Signature, sink);
                break;
            case BlockKind.Sealed:
                sink.Signature(block.Text, isSealed: true);
                break;
            case BlockKind.Tool:
                open.IsAnswer = _answerTool is not null && block.Name.SequenceEqual(_answerTool);
                open.Input = IsEmptyObject(block.Input) ? null : block.Input.ToArray();
                open.Call = open.IsAnswer ? -1 : _calls++;
                if (!open.IsAnswer)
                {
                    sink.ToolStart(open.Call, block.Id, block.Name);
                }

                break;
            default:
                break;
        }

        if (_open.Count == MostOpenBlocks)
        {
            throw new JsonException("Too many content blocks are open at once.");
        }

        _open.Add(open);
    }

    /// <summary>A piece of a tool call's input, escaped as the inside of a JSON string.</summary>
    public void Input(int index, ReadOnlySpan<byte> escaped, ChatSink sink)
    {
        int at = Find(index);
        if (at < 0 || _open[at].Kind != BlockKind.Tool || escaped.IsEmpty)
        {
            return; // Of a tool that the vendor runs itself, or of none.
        }

        OpenBlock block = _open[at];
        block.HasInput = true;
        Tell(block, escaped, sink);
    }

    public static void Sign(ReadOnlySpan<byte> signature, ChatSink sink)
    {
        if (!signature.IsEmpty)
        {
            sink.Signature(signature);
        }
    }

    public void Stop(int index, ChatSink sink)
    {
        int at = Find(index);
        if (at < 0)
        {
            return;
        }

        OpenBlock block = _open[at];
        _open.RemoveAt(at);
        if (block is { Kind: BlockKind.Tool, HasInput: false })
        {
            Tell(block, Escape(block.Input ?? "{}"u8), sink);
        }
    }

    public void Finish(ReadOnlySpan<byte> stopReason, ReadOnlySpan<byte> stopSequence, ReadOnlySpan<byte> explanation, ChatSink sink)
    {
        if (stopReason.SequenceEqual("refusal"u8))
        {
            sink.Refusal(explanation);
        }

        sink.Finish(ReasonOf(stopReason), stopSequence);
    }

    private FinishReason ReasonOf(ReadOnlySpan<byte> stopReason) =>
        stopReason.SequenceEqual("max_tokens"u8) || stopReason.SequenceEqual("model_context_window_exceeded"u8) ? FinishReason.Length
        : stopReason.SequenceEqual("refusal"u8) ? FinishReason.Refusal
        : stopReason.SequenceEqual("pause_turn"u8) ? FinishReason.Pause
        : _calls > 0 ? FinishReason.ToolCalls
        : FinishReason.Stop; // Also "tool_use" of the tool that stands in for a format.

    private static void TellCitations(ReadOnlySpan<byte> citations, ChatSink sink)
    {
        if (citations.IsEmpty)
        {
            return;
        }

        var reader = new Utf8JsonReader(citations, JsonMembers.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            sink.Extra("citations", citations[start..(int)reader.BytesConsumed]);
        }
    }

    private static void Tell(OpenBlock block, ReadOnlySpan<byte> escaped, ChatSink sink)
    {
        if (block.IsAnswer)
        {
            sink.Text(escaped);
        }
        else
        {
            sink.ToolArguments(block.Call, escaped);
        }
    }

    /// <summary>The block that was opened last is nearly always the one meant.</summary>
    private int Find(int index)
    {
        for (int i = _open.Count - 1; i >= 0; i--)
        {
            if (_open[i].Index == index)
            {
                return i;
            }
        }

        return -1;
    }

    private static bool IsEmptyObject(ReadOnlySpan<byte> json) => json.IsEmpty || (json[0] == '{' && json[1..^1].Trim(" \t\r\n"u8).IsEmpty);

    private static ReadOnlySpan<byte> Escape(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonEncodedText.Encode(json, Routing.RouteTarget.JsonOptions.Encoder).EncodedUtf8Bytes;
        }
        catch (ArgumentException e)
        {
            throw new JsonException("A tool call's input is not UTF-8.", e);
        }
    }

    private sealed class OpenBlock
    {
        public required int Index { get; init; }

        public required BlockKind Kind { get; init; }

        /// <summary>-1: the tool stands in for a format, its input is the answer's text.</summary>
        public int Call { get; set; }

        public bool IsAnswer { get; set; }

        public bool HasInput { get; set; }

        /// <summary>What the block began with; told at its end, unless pieces came.</summary>
        public byte[]? Input { get; set; }
    }
}
