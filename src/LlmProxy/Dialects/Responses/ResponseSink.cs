using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Dialects.OpenAi;

namespace LlmProxy.Dialects.Responses;

/// <summary>
/// Tells an answer as a Response: whole at its end, or as the events in which it comes to be. One item grows at a time,
/// but for calls, whose arguments may come interleaved: they are closed when the answer is.
/// </summary>
internal sealed class ResponseSink(ChatTurn turn, bool isStream) : ChatSink
{
    private readonly ResponseObject _response = new(turn);
    private readonly ResponseEvents? _events = isStream ? new ResponseEvents(turn.Facts) : null;
    private readonly List<byte[]> _customTools = CustomTools.NamesIn(turn.Request);
    private bool _tellsMetadata = isStream && turn.Exchange.Wishes.Metadata == true;
    private readonly List<OutputItem> _items = [];
    private readonly List<CallItem?> _calls = [];
    private FinishReason _finish;
    private ReasoningItem? _reasoning;
    private MessageItem? _message;
    private byte[] _logprobs = [];
    private bool _hasBegun;

    public override void GoOn(ChatTurn next)
    {
        turn = next;
        _tellsMetadata = isStream;
        _response.GoOn(next);
        _events?.GoOn(next.Facts);
    }

    protected override void OnFollow(PassedAnswer passed)
    {
        PassedResponse told = passed.Response!;
        _hasBegun = true;
        turn.Facts.EventsTold = told.Events;
        _response.Follow(told.Head);
        _items.AddRange(told.Items);
        _message = _items.OfType<MessageItem>().LastOrDefault();
        _reasoning = _items.OfType<ReasoningItem>().LastOrDefault();
    }

    protected override void OnText(ReadOnlySpan<byte> escaped)
    {
        if (Choice > 0)
        {
            return; // This dialect knows one answer only.
        }

        MessagePart part = Part(isRefusal: false);
        part.Text.Add(escaped);
        TakeLogprobs(part);
        _events?.Delta(Output, part.DeltaHead, escaped, hasLogprobs: true, _logprobs);
        _logprobs = [];
    }

    protected override void OnRefusal(ReadOnlySpan<byte> escaped)
    {
        if (Choice == 0)
        {
            MessagePart part = Part(isRefusal: true);
            part.Text.Add(escaped);
            _events?.Delta(Output, part.DeltaHead, escaped);
        }
    }

    protected override void OnReasoning(ReadOnlySpan<byte> escaped)
    {
        if (Choice > 0)
        {
            return;
        }

        ReasoningItem item = _reasoning ?? OpenReasoning();
        if (!item.HasPart)
        {
            item.HasPart = true;
            item.DeltaHead = _events is null ? [] : ResponseEvents.DeltaHead("response.reasoning_summary_text.delta", item, "summary_index");
            _events?.SummaryPart(Output, item, isNew: true);
        }

        item.Text.Add(escaped);
        _events?.Delta(Output, item.DeltaHead, escaped);
    }

    protected override void OnSignature(ReadOnlySpan<byte> escaped, bool isSealed)
    {
        if (Choice == 0)
        {
            Seal(isSealed ? SealKind.Sealed : SealKind.Signature, escaped);
        }
    }

    protected override void OnToolStart(int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> googleSignature)
    {
        while (_calls.Count <= tool)
        {
            _calls.Add(null);
        }

        if (Choice > 0 || _calls[tool] is not null)
        {
            return;
        }

        if (!googleSignature.IsEmpty)
        {
            Seal(SealKind.GoogleCall, googleSignature);
        }

        CloseReasoning();
        CloseMessage();
        ReadOnlySpan<byte> callId = id.IsEmpty ? Encoding.UTF8.GetBytes(ChatWords.CallId(turn, Choice, tool)) : id;
        bool isCustom = CustomTools.Holds(_customTools, name);
        var call = new CallItem(_response.Key, _items.Count, isCustom, [(byte)'"', .. callId, (byte)'"'], [(byte)'"', .. name, (byte)'"']);
        call.DeltaHead = _events is null || isCustom ? [] : ResponseEvents.DeltaHead("response.function_call_arguments.delta", call);
        _calls[tool] = call;
        Open(call);
    }

    protected override void OnToolArguments(int tool, ReadOnlySpan<byte> escaped)
    {
        if (Choice == 0 && tool < _calls.Count && _calls[tool] is { } call)
        {
            call.Arguments.Add(escaped);
            if (!call.IsCustom)
            {
                _events?.Delta(Output, call.DeltaHead, escaped);
            }
        }
    }

    protected override void OnExtra(string name, ReadOnlySpan<byte> json)
    {
        if (Choice > 0)
        {
            return;
        }

        if (name != "annotations")
        {
            Message().AddExtra(name, ResponseEcho.OneLine(json));
            return;
        }

        MessagePart part = Part(isRefusal: false);
        byte[] annotation = ResponseWords.Annotation(json);
        int index = part.Annotate(annotation);
        _events?.Annotation(Output, _message!, part, index, annotation);
    }

    protected override void OnLogprobs(ReadOnlySpan<byte> elements) => _logprobs = Choice == 0 ? ResponseEcho.OneLine(elements) : _logprobs;

    protected override void OnMember(string name, ReadOnlySpan<byte> json) => _response.Add(name, ResponseEcho.OneLine(json));

    protected override void OnFinish(FinishReason reason, ReadOnlySpan<byte> stopSequence) => _finish = Choice == 0 ? reason : _finish;

    protected override void OnEnd()
    {
        if (_finish == FinishReason.Stop && !_items.Exists(item => item is MessageItem or CallItem))
        {
            Part(isRefusal: false); // Clients look for a message in every answer.
        }

        if (_message?.Open is { IsRefusal: false } part)
        {
            TakeLogprobs(part);
        }

        string? why = ResponseWords.WhyIncomplete(_finish);
        if (why is not null && _items is [.., { IsDone: false } last])
        {
            last.IsCut = true;
        }

        CloseReasoning();
        CloseMessage();
        foreach (OutputItem item in _items)
        {
            CloseCall(item as CallItem);
            if (!item.IsDone)
            {
                Close(item);
            }
        }

        Begin();
        turn.Facts.Usage = Usage ?? turn.Facts.Usage;
        string status = why is null ? "completed" : "incomplete";
        if (_events is null)
        {
            using var json = new Utf8JsonWriter(Output, ResponseEvents.Json);
            _response.WriteTo(json, this, status, why, _items, withMetadata: false);
            return;
        }

        if (_tellsMetadata)
        {
            turn.Facts.SettleCost(turn.Target);
        }

        State(status, why);
    }

    /// <summary>What the vendor wants back with the conversation closes the thinking it belongs to; without any it is an item alone.</summary>
    private void Seal(SealKind kind, ReadOnlySpan<byte> escaped)
    {
        if (kind == SealKind.Sealed)
        {
            CloseReasoning();
        }

        ReasoningItem item = _reasoning ?? OpenReasoning();
        item.Seal = ThinkingSeal.Write(kind, escaped);
        CloseReasoning();
    }

    private ReasoningItem OpenReasoning()
    {
        CloseMessage();
        _reasoning = new ReasoningItem(_response.Key, _items.Count);
        Open(_reasoning);
        return _reasoning;
    }

    private MessageItem Message()
    {
        if (_message is null)
        {
            CloseReasoning();
            _message = new MessageItem(_response.Key, _items.Count);
            Open(_message);
        }

        return _message;
    }

    private MessagePart Part(bool isRefusal)
    {
        MessageItem message = Message();
        if (message.Open is { } open && open.IsRefusal == isRefusal)
        {
            return open;
        }

        ClosePart(message);
        var part = new MessagePart(message.Parts.Count, isRefusal);
        part.DeltaHead = _events is null ? [] : ResponseEvents.DeltaHead(isRefusal ? "response.refusal.delta" : "response.output_text.delta", message, "content_index", part.Index);
        message.Parts.Add(part);
        message.Open = part;
        _events?.Part(Output, message, part, isNew: true);
        return part;
    }

    private void Open(OutputItem item)
    {
        Begin();
        _items.Add(item);
        _events?.Item(Output, item, isNew: true);
    }

    private void Begin()
    {
        if (!_hasBegun)
        {
            _hasBegun = true;
            State("created", null);
            State("in_progress", null);
        }
    }

    private void State(string name, string? why)
    {
        if (_events is null)
        {
            return;
        }

        bool isOver = name is "completed" or "incomplete";
        Utf8JsonWriter json = _events.Begin(Output, "response." + name);
        json.WritePropertyName("response"u8);
        _response.WriteTo(json, this, isOver ? name : "in_progress", why, isOver ? _items : [], withMetadata: isOver && _tellsMetadata);
        ResponseEvents.End(json, Output);
    }

    private void CloseReasoning()
    {
        if (_reasoning is { } item)
        {
            _reasoning = null;
            if (item.HasPart)
            {
                _events?.SummaryDone(Output, item);
                _events?.SummaryPart(Output, item, isNew: false);
            }

            Close(item);
        }
    }

    private void CloseMessage()
    {
        if (_message is { } message)
        {
            ClosePart(message);
            _message = null;
            Close(message);
        }
    }

    private void ClosePart(MessageItem message)
    {
        if (message.Open is { } part)
        {
            message.Open = null;
            _events?.TextDone(Output, message, part);
            _events?.Part(Output, message, part, isNew: false);
        }
    }

    private void CloseCall(CallItem? call)
    {
        if (call is { IsDone: false })
        {
            call.ReadInput();
            _events?.CallDone(Output, call);
            Close(call);
        }
    }

    private void Close(OutputItem item)
    {
        item.IsDone = true;
        _events?.Item(Output, item, isNew: false);
    }

    private void TakeLogprobs(MessagePart part)
    {
        if (_logprobs.Length > 0)
        {
            part.AddLogprobs(_logprobs);
        }
    }
}
