using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>
/// Any other stream of events (pictures in parts, transcripts, speech): all data is output but errors. Nothing marks
/// the end in a way that all of them share, so one that ends cleanly after data was whole.
/// </summary>
internal sealed class OpaqueStream(VendorLabel vendor) : IStreamTranslator
{
    private readonly JsonMembers _members = new();
    private bool _hasOutput;

    public VendorFailure? Failure { get; private set; }

    public TokenUsage? Usage { get; private set; }

    public string? ReportedModel { get; private set; }

    public bool IsComplete => _hasOutput && Failure is null;

    public bool TellsFinish => false;

    public FrameVerdict Translate(in StreamFrame frame, IBufferWriter<byte> client)
    {
        if (!StreamFrames.IsReadable(frame, _members))
        {
            return StreamFrames.PassUnread(frame);
        }

        FrameVerdict verdict;
        if (frame.IsDone)
        {
            verdict = FrameVerdict.Pass | FrameVerdict.End;
            _hasOutput = true;
        }
        else if (frame.Event.SequenceEqual("error"u8) || IsError(frame.Data))
        {
            Failure = StreamFrames.Failure(frame.Data, vendor);
            verdict = FrameVerdict.Error;
        }
        else if (frame.Event.SequenceEqual("ping"u8) || frame.Event.SequenceEqual("keepalive"u8))
        {
            verdict = FrameVerdict.Pass;
        }
        else
        {
            _hasOutput = true;
            verdict = FrameVerdict.Pass | FrameVerdict.Output;
        }

        return StreamFrames.Send(frame, verdict, default, client);
    }

    /// <summary>Reads the object only when a search says that it may hold an error, usage or, in the first ones, the model.</summary>
    private bool IsError(ReadOnlySpan<byte> data)
    {
        bool isPlain = _hasOutput && !StreamFrames.MayBeError(data) && data.IndexOf("\"usage\""u8) < 0;
        if (isPlain || data.IsEmpty || data[0] != '{')
        {
            return false;
        }

        try
        {
            _members.Read(data);
            return ReadMembers(data);
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e))
        {
            return false;
        }
    }

    private bool ReadMembers(ReadOnlySpan<byte> data)
    {
        bool isError = false;
        for (int i = 0; i < _members.Count; i++)
        {
            JsonMember member = _members[i];
            isError |= StreamFrames.IsError(_members, i, data) || (_members.NameIs(data, i, "type"u8) && member.Value(data).SequenceEqual("\"error\""u8));
            if (member.Kind == JsonTokenType.StartObject && _members.NameIs(data, i, "usage"u8))
            {
                Usage = UsageReader.Read(member.Value(data)) ?? Usage;
            }
            else if (ReportedModel is null && member.Kind == JsonTokenType.String && _members.NameIs(data, i, "model"u8))
            {
                ReportedModel = StreamFrames.Text(member.Value(data));
            }
        }

        return isError;
    }
}
