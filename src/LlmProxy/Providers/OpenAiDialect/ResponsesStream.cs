using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>The typed events of the Responses API, handed on as they come.</summary>
internal sealed class ResponsesStream(VendorLabel vendor) : IStreamTranslator
{
    private readonly JsonMembers _members = new();
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

        FrameVerdict verdict;
        try
        {
            verdict = Judge(frame);
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e))
        {
            verdict = FrameVerdict.Pass;
        }

        _hasOutput |= (verdict & FrameVerdict.Output) != 0;
        return StreamFrames.Send(frame, verdict, default, client);
    }

    private FrameVerdict Judge(in StreamFrame frame)
    {
        ReadOnlySpan<byte> data = frame.Data;
        // The name is on the event's own line and again in its data; some servers leave the line out.
        ReadOnlySpan<byte> type = frame.Event.StartsWith("response."u8) ? frame.Event : TypeOf(data);
        if (type.IsEmpty)
        {
            type = frame.Event;
        }

        if (type.EndsWith(".delta"u8))
        {
            return FrameVerdict.Pass | (_hasOutput || HasDelta(data) ? FrameVerdict.Output : 0);
        }

        if (frame.IsDone)
        {
            _hasEnded = true;
            return FrameVerdict.Pass | FrameVerdict.End;
        }

        if (type.SequenceEqual("response.completed"u8) || type.SequenceEqual("response.incomplete"u8))
        {
            ReadResponse(data);
            _hasEnded = true;
            return FrameVerdict.Pass | FrameVerdict.Output | FrameVerdict.Finish | FrameVerdict.End;
        }

        if (type.SequenceEqual("response.failed"u8))
        {
            Failure = OpenAiFailure.Inside(ReadResponse(data), vendor);
            return FrameVerdict.Error;
        }

        if (type.SequenceEqual("error"u8) || (!type.StartsWith("response."u8) && IsError(data)))
        {
            Failure = StreamFrames.Failure(data, vendor);
            return FrameVerdict.Error;
        }

        if (ReportedModel is null && (type.SequenceEqual("response.created"u8) || type.SequenceEqual("response.in_progress"u8)))
        {
            ReadResponse(data);
        }

        return FrameVerdict.Pass | (!_hasOutput && BringsOutput(type, data) ? FrameVerdict.Output : 0);
    }

    /// <summary>Besides deltas: a tool call that begins, a picture in parts, and whatever a vendor sends whole.</summary>
    private bool BringsOutput(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        if (!type.StartsWith("response."u8))
        {
            return false;
        }

        if (type.SequenceEqual("response.output_item.added"u8))
        {
            _members.Read(data);
            int item = _members.Find(data, "item"u8);
            ReadOnlySpan<byte> kind = item < 0 ? [] : TypeOf(_members[item].Value(data));
            return !kind.IsEmpty && !kind.SequenceEqual("message"u8) && !kind.SequenceEqual("reasoning"u8);
        }

        return type.EndsWith(".done"u8) || type.EndsWith(".partial_image"u8);
    }

    /// <summary>Model and usage of the response that the event carries, and its error.</summary>
    private VendorError ReadResponse(ReadOnlySpan<byte> data)
    {
        _members.Read(data);
        int response = _members.Find(data, "response"u8);
        VendorError error = default;
        if (response < 0 || _members[response].Kind != JsonTokenType.StartObject)
        {
            return error;
        }

        ReadOnlySpan<byte> value = _members[response].Value(data);
        _members.Read(value);
        if (_members.Find(value, "model"u8) is >= 0 and int model)
        {
            ReportedModel = StreamFrames.Text(_members[model].Value(value)) ?? ReportedModel;
        }

        if (_members.Find(value, "usage"u8) is >= 0 and int usage && _members[usage].Kind == JsonTokenType.StartObject)
        {
            Usage = UsageReader.Read(_members[usage].Value(value)) ?? Usage;
        }

        if (_members.Find(value, "error"u8) is >= 0 and int failed)
        {
            error = ErrorReader.ReadValue(_members[failed].Value(value));
        }

        return error;
    }

    private bool IsError(ReadOnlySpan<byte> data)
    {
        if (!StreamFrames.MayBeError(data))
        {
            return false;
        }

        _members.Read(data);
        for (int i = 0; i < _members.Count; i++)
        {
            if (StreamFrames.IsError(_members, i, data))
            {
                return true;
            }
        }

        return false;
    }

    private ReadOnlySpan<byte> TypeOf(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty || data[0] != '{')
        {
            return [];
        }

        _members.Read(data);
        int type = _members.Find(data, "type"u8);
        return type >= 0 && _members[type].Kind == JsonTokenType.String ? _members[type].Value(data)[1..^1] : [];
    }

    private static bool HasDelta(ReadOnlySpan<byte> data)
    {
        int from = 0;
        int value = JsonScan.NextValue(data, "\"delta\""u8, ref from);
        return value < 0 || !(data[value..].StartsWith("\"\""u8) || data[value..].StartsWith("null"u8));
    }
}
