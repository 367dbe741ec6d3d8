using System.Globalization;
using LlmProxy.Dialects;
using LlmProxy.Dialects.Responses;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Conversation;

/// <summary>
/// Reads along where a vendor's own bytes go to the client: as much as its dialect's sink must know to write what stands
/// behind them. What is read is exactly what the client gets.
/// </summary>
internal sealed class PassedAnswer(EndpointKind endpoint, IStreamFramer framer, PassedText? text)
{
    private readonly JsonMembers _members = new();
    private readonly bool _hasBlocks = endpoint == EndpointKind.Messages;
    private bool _hasHead;

    public string AnswerId { get; private set; } = "";

    public string? Model { get; private set; }

    /// <summary>OpenAI's "created", which all chunks of one answer share.</summary>
    public long? Created { get; private set; }

    /// <summary>Which of several answers have ended, a bit for each.</summary>
    public UInt128 Finished { get; private set; }

    /// <summary>How many content blocks have begun, in Anthropic's dialect.</summary>
    public int Blocks { get; private set; }

    /// <summary>Whether the last of them is still open.</summary>
    public bool IsBlockOpen { get; private set; }

    /// <summary>A Response so far, whose last event repeats all that came before; null in other dialects.</summary>
    public PassedResponse? Response { get; } = endpoint == EndpointKind.Responses ? new PassedResponse() : null;

    /// <summary>Null where nothing will have to be written behind the vendor's bytes.</summary>
    public static PassedAnswer? Watch(Exchange exchange, RouteTarget target, AttemptFacts facts, VendorCall call)
    {
        if (call.IsTranslated || exchange.Endpoint.ChatFront is null)
        {
            return null;
        }

        PassedText? text = AnswerSoFar.WatchPassed(exchange, target, facts);
        if (text is null && exchange.Account is not { IsMetered: true })
        {
            return null;
        }

        var passed = new PassedAnswer(exchange.Endpoint, call.Stream.OpenFramer(), text);
        if (text is not null)
        {
            facts.SoFar!.Passed = passed;
        }

        return passed;
    }

    /// <summary>The client's sink, to write what follows.</summary>
    public ChatSink OpenSink(ChatTurn turn, IChatFront front)
    {
        ChatSink sink = front.OpenStream(turn);
        sink.Follow(this);
        return sink;
    }

    /// <summary>One event of the vendor's: it passed as it came, or something was written in its place.</summary>
    public void Take(in StreamFrame frame, FrameVerdict verdict, ReadOnlySpan<byte> written)
    {
        if ((verdict & FrameVerdict.Error) != 0)
        {
            return; // Not the client's to see.
        }

        if ((verdict & FrameVerdict.Pass) != 0)
        {
            Read(frame, verdict);
            return;
        }

        bool mayMatter = !_hasHead || _hasBlocks || text is not null || Response is not null || (verdict & FrameVerdict.Finish) != 0;
        while (mayMatter && !written.IsEmpty && framer.TryRead(written, false, out int consumed, out StreamFrame own))
        {
            Read(own, verdict);
            written = written[consumed..];
        }
    }

    private void Read(in StreamFrame frame, FrameVerdict verdict)
    {
        if (!frame.HasData)
        {
            return;
        }

        try
        {
            if (!frame.IsDone)
            {
                ReadHead(frame.Data, verdict);
                ReadBlocks(frame);
                ReadFinish(frame.Data, verdict);
                Response?.Read(frame);
            }
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e))
        {
            Response?.Lose(); // It passed all the same.
        }

        text?.Read(frame);
    }

    /// <summary>Who answers, and under which id: in the first event, and in some dialects one level down.</summary>
    private void ReadHead(ReadOnlySpan<byte> data, FrameVerdict verdict)
    {
        if (_hasHead)
        {
            return;
        }

        _hasHead = (verdict & FrameVerdict.Output) != 0; // It comes before any output, or never.
        _members.Read(data);
        int inner = _members.Find(data, "message"u8);
        if (_hasBlocks && inner >= 0)
        {
            data = _members[inner].Value(data);
            _members.Read(data);
        }

        AnswerId = Text(data, "id"u8) ?? "";
        Model = Text(data, "model"u8);
        Created = Number(data, "created"u8);
        _hasHead |= Model is not null;
    }

    private void ReadBlocks(in StreamFrame frame)
    {
        if (!_hasBlocks)
        {
            return;
        }

        if (frame.Event.SequenceEqual("content_block_start"u8))
        {
            _members.Read(frame.Data);
            Blocks = (int)(Number(frame.Data, "index"u8) ?? Blocks) + 1;
            IsBlockOpen = true;
        }
        else if (frame.Event.SequenceEqual("content_block_stop"u8))
        {
            IsBlockOpen = false;
        }
    }

    private void ReadFinish(ReadOnlySpan<byte> data, FrameVerdict verdict)
    {
        if ((verdict & FrameVerdict.Finish) == 0 || !endpoint.TakesStreamOptions)
        {
            return;
        }

        _members.Read(data);
        int found = _members.Find(data, "choices"u8);
        var all = new JsonWalk(found < 0 ? "[]"u8.ToArray() : _members[found].Value(data).ToArray());
        while (all.Next())
        {
            ReadOnlySpan<byte> choice = all.Value.Span;
            _members.Read(choice);
            if (Text(choice, "finish_reason"u8) is not null)
            {
                Finished |= UInt128.One << (int)(Number(choice, "index"u8) ?? all.Index);
            }
        }
    }

    private string? Text(ReadOnlySpan<byte> data, ReadOnlySpan<byte> name) =>
        _members.Find(data, name) is >= 0 and int member ? StreamFrames.Text(_members[member].Value(data)) : null;

    private long? Number(ReadOnlySpan<byte> data, ReadOnlySpan<byte> name) =>
        _members.Find(data, name) is >= 0 and int member && long.TryParse(_members[member].Value(data), CultureInfo.InvariantCulture, out long number) ? number : null;
}
