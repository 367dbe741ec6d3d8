using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Wire;

namespace LlmProxy.Conversation;

/// <summary>
/// Joins a vendor's stream readers with a client's sink: what the relay sees of a translated stream. There is one reader
/// for each HTTP request of the call, and one unless several answers are wanted of a vendor that gives one at a time.
/// </summary>
internal sealed class ChatStreamTranslator : IStreamTranslator
{
    private readonly ChatTurn _turn;
    private readonly IChatStream[] _vendors;
    private readonly ChatSink[] _sinks;
    private readonly ChatSink _client;
    private VendorFailure? _failure;
    private bool _hadOutput;

    public ChatStreamTranslator(ChatTurn turn, IChatStream[] vendors, ChatSink client)
    {
        _turn = turn;
        _vendors = vendors;
        _client = client;
        _sinks = vendors.Length == 1 ? [client] : ChoiceSink.Over(client, vendors.Length);
    }

    public VendorFailure? Failure => _failure;

    public TokenUsage? Usage => _client.Usage;

    public string? ReportedModel => _client.ReportedModel;

    public bool IsComplete => _client.HasEnded;

    public long? TextBytes => _client.TextBytes;

    public ChatSink? Client => _client;

    public FrameVerdict Translate(in StreamFrame frame, IBufferWriter<byte> client)
    {
        ChatSink sink = _sinks[frame.Source];
        sink.Output = client;
        if (frame.EndsSource)
        {
            End(frame.Source);
            return Verdict();
        }

        if (sink.HasEnded || (!frame.HasData && frame.Event.IsEmpty))
        {
            return FrameVerdict.None;
        }

        try
        {
            _vendors[frame.Source].Read(frame, sink);
            _failure = sink.Failure;
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            // A last event that the vendor's end has cut in half is no event; that the answer is not whole shows otherwise.
            _failure = frame.IsCut ? null : Unreadable();
        }

        return Verdict();
    }

    public void Ended(IBufferWriter<byte> client)
    {
        _sinks[0].Output = client;
        if (_sinks.Length == 1 && !_client.HasEnded)
        {
            End(0);
        }
    }

    /// <summary>What a reader throws at bytes that are not what the vendor documents.</summary>
    public static bool IsUnreadable(Exception e) => e is JsonException or InvalidOperationException or FormatException;

    private void End(int source)
    {
        try
        {
            _vendors[source].Ended(_sinks[source]);
            _failure ??= _sinks[source].Failure;
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            _failure = Unreadable();
        }

        if (_failure is null && !_sinks[source].HasEnded && _sinks.Length > 1)
        {
            _failure = TransportFailures.StreamEnded(_turn.Target);
        }
    }

    private FrameVerdict Verdict()
    {
        if (_failure is not null)
        {
            return FrameVerdict.Error;
        }

        FrameVerdict verdict = _client.HasFinished ? FrameVerdict.Finish : FrameVerdict.None;
        if (_client.HasOutput && !_hadOutput)
        {
            _hadOutput = true;
            verdict |= FrameVerdict.Output;
        }

        return _client.HasEnded ? verdict | FrameVerdict.End : verdict;
    }

    private VendorFailure Unreadable() => new(
        ErrorCode.InvalidProviderResponse,
        $"{TransportFailures.Who(_turn.Target)} sent a stream event that is not what {_turn.Llm.ProviderName} documents.");
}
