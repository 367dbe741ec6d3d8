using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Dialects;

namespace LlmProxy.Providers.Gemini;

/// <summary>One candidate of an answer.</summary>
internal sealed class GeminiChoice(ChatTurn turn, int index)
{
    private readonly ArrayBufferWriter<byte> _scratch = new();
    private readonly EscapedText? _text = GeminiGrounding.MayCome(turn) ? new EscapedText() : null;
    private byte[] _finish = [];
    private byte[] _message = [];
    private byte[] _grounding = [];
    private byte[] _citations = [];
    private int _calls;
    private bool _hasSpoken;

    public int Index => index;

    public bool HasBegun { get; private set; }

    public bool HasFinished => !HasBegun || _finish.Length > 0;

    public void Read(ReadOnlySpan<byte> candidate, ChatSink sink)
    {
        HasBegun = true;
        ReadOnlySpan<byte> content = default;
        var members = new SpanWalk(candidate);
        while (members.Next())
        {
            if (members.Is("content"u8))
            {
                members.Demand(JsonTokenType.StartObject);
                content = members.Value;
            }
            else if (members.Is("finishReason"u8))
            {
                Keep(ref _finish, members.Escaped);
            }
            else if (members.Is("finishMessage"u8))
            {
                Keep(ref _message, members.Escaped);
            }
            else if (members.Is("groundingMetadata"u8) && members.IsObject)
            {
                Keep(ref _grounding, members.Value);
            }
            else if (members.Is("citationMetadata"u8) && members.IsObject)
            {
                Keep(ref _citations, members.Value);
            }
            else if (members.Is("logprobsResult"u8))
            {
                GeminiLogprobs.Tell(members.Value, sink);
            }
        }

        ReadContent(content, sink);
    }

    /// <summary>The prompt itself was refused.</summary>
    public void Block(ReadOnlySpan<byte> message)
    {
        HasBegun = true;
        Keep(ref _finish, "PROHIBITED_CONTENT"u8);
        Keep(ref _message, message);
    }

    public void End(ChatSink sink)
    {
        GeminiGrounding.Tell(_grounding, _text, sink);
        GeminiGrounding.TellCitations(_citations, sink);
        if (!_hasSpoken && !GeminiFinish.IsPlain(_finish))
        {
            sink.Refusal(_message); // The only thing that says why there is no answer.
        }

        sink.Finish(GeminiFinish.Of(_finish, _calls > 0));
    }

    private void ReadContent(ReadOnlySpan<byte> content, ChatSink sink)
    {
        var members = new SpanWalk(content);
        while (members.Next())
        {
            if (!members.Is("parts"u8))
            {
                continue;
            }

            members.Demand(JsonTokenType.StartArray);
            var parts = new SpanWalk(members.Value);
            while (parts.Next())
            {
                Tell(GeminiPart.Read(parts.Value), sink);
            }
        }
    }

    private void Tell(in GeminiPart part, ChatSink sink)
    {
        if (!part.FunctionCall.IsEmpty)
        {
            TellCall(part, sink);
            return;
        }

        if (part.IsThought)
        {
            sink.Reasoning(part.Text);
        }
        else if (!part.Text.IsEmpty)
        {
            TellText(part.Text, sink);
        }

        if (!part.Media.IsEmpty)
        {
            _hasSpoken = true;
            _scratch.ResetWrittenCount();
            GeminiMedia.WriteAnswered(part.Media, _scratch);
            sink.Extra("images", _scratch.WrittenSpan);
        }

        if (!part.Code.IsEmpty)
        {
            TellFenced("```python\\n"u8, part.Code, "code"u8, sink);
        }

        if (!part.CodeResult.IsEmpty)
        {
            TellFenced("```\\n"u8, part.CodeResult, "output"u8, sink);
        }

        if (!part.Signature.IsEmpty)
        {
            GeminiSignature.Tell(sink, part.Signature);
        }
    }

    private void TellText(ReadOnlySpan<byte> escaped, ChatSink sink)
    {
        _hasSpoken |= !escaped.IsEmpty;
        _text?.Add(escaped);
        sink.Text(escaped);
    }

    /// <summary>Code that Google ran, and what it printed.</summary>
    private void TellFenced(ReadOnlySpan<byte> opening, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name, ChatSink sink)
    {
        var members = new SpanWalk(json);
        while (members.Next())
        {
            if (members.Is(name) && !members.Escaped.IsEmpty)
            {
                ReadOnlySpan<byte> inner = members.Escaped;
                ReadOnlySpan<byte> closing = inner.EndsWith("\\n"u8) ? "```\\n"u8 : "\\n```\\n"u8;
                TellText([.. "\\n"u8, .. opening, .. inner, .. closing], sink);
            }
        }
    }

    private void TellCall(in GeminiPart part, ChatSink sink)
    {
        ReadOnlySpan<byte> id = default;
        ReadOnlySpan<byte> name = default;
        ReadOnlySpan<byte> arguments = "{}"u8;
        var members = new SpanWalk(part.FunctionCall);
        while (members.Next())
        {
            id = members.Is("id"u8) ? members.Escaped : id;
            name = members.Is("name"u8) ? members.Escaped : name;
            arguments = members.Is("args"u8) && members.IsObject ? members.Value : arguments;
        }

        _scratch.ResetWrittenCount();
        GeminiJson.MinifyEscaped(arguments, _scratch);
        if (turn.AnswerTool is { } answer && name.SequenceEqual(Encoding.UTF8.GetBytes(answer)))
        {
            TellText(_scratch.WrittenSpan, sink);
            return;
        }

        _hasSpoken = true;
        sink.ToolStart(_calls, id, name, part.Signature);
        sink.ToolArguments(_calls, _scratch.WrittenSpan);
        _calls++;
    }

    private static void Keep(ref byte[] kept, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty && !value.SequenceEqual(kept))
        {
            kept = value.ToArray();
        }
    }
}
