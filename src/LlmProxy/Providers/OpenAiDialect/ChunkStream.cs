using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>
/// Chat chunks and legacy completion chunks, handed on as they come. Until the first output every chunk is read; after
/// it three searches decide whether one holds anything for us, and nearly none does.
/// </summary>
internal sealed class ChunkStream(VendorLabel vendor, OpenAiStreamOptions options) : IStreamTranslator
{
    private readonly JsonMembers _members = new();
    private readonly ChunkRepair? _repair = options.Identity is { } identity ? new ChunkRepair(identity, options.ClientAskedForUsage) : null;
    private readonly bool _mayHoldParts = vendor.Provider == "mistral"; // Its references may come in a list of parts after plain text.
    private bool _hasOutput;
    private bool _isMended;
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

        Range cut = default;
        _isMended = false;
        FrameVerdict verdict = Judge(frame, ref cut);
        if (_repair is null || (verdict & FrameVerdict.Pass) == 0)
        {
            return StreamFrames.Send(frame, verdict, cut, client);
        }

        return Mend(frame, verdict, cut, client);
    }

    public void Ended(IBufferWriter<byte> client)
    {
        if (IsComplete)
        {
            _ = _repair?.Finish(client);
        }
    }

    /// <summary>Writes what goes in front of this event, and the event with what changes in it.</summary>
    private FrameVerdict Mend(in StreamFrame frame, FrameVerdict verdict, Range cut, IBufferWriter<byte> client)
    {
        bool isLed = frame.IsDone ? _repair!.Finish(client) : _repair!.Release(client);
        verdict = _isMended ? StreamFrames.SendEdited(frame, verdict, _repair.Edits, client) : StreamFrames.Send(frame, verdict, cut, client);
        if (!isLed || (verdict & FrameVerdict.Pass) == 0)
        {
            return verdict;
        }

        client.Write(frame.Raw);
        return verdict & ~FrameVerdict.Pass;
    }

    private FrameVerdict Judge(in StreamFrame frame, ref Range cut)
    {
        ReadOnlySpan<byte> data = frame.Data;
        if (frame.IsDone)
        {
            _hasEnded = true;
            return FrameVerdict.Pass | FrameVerdict.End;
        }

        if (frame.Event.SequenceEqual("error"u8))
        {
            return Fail(data);
        }

        return !_hasOutput || _repair?.IsNeededAlways == true || (_mayHoldParts && data.IndexOf("\"content\":["u8) >= 0)
            || StreamFrames.MayBeError(data) || HoldsFinish(data) || HoldsUsage(data, ref cut) ? ReadWhole(data, ref cut) : FrameVerdict.Pass;
    }

    private FrameVerdict ReadWhole(ReadOnlySpan<byte> data, ref Range cut)
    {
        try
        {
            return ReadMembers(data, ref cut);
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e))
        {
            _isMended = false;
            return FrameVerdict.Pass; // Not ours to judge: the client gets what the vendor sent.
        }
    }

    private FrameVerdict ReadMembers(ReadOnlySpan<byte> data, ref Range cut)
    {
        _members.Read(data);
        ChunkChoices choices = default;
        bool hasChoices = false;
        bool hasUsage = false;
        for (int i = 0; i < _members.Count; i++)
        {
            JsonMember member = _members[i];
            if (_members.NameIs(data, i, "choices"u8) && member.Kind == JsonTokenType.StartArray)
            {
                hasChoices = true;
                choices = ChunkChoices.Read(member.Value(data));
            }
            else if (_members.NameIs(data, i, "usage"u8))
            {
                hasUsage |= member.Kind == JsonTokenType.StartObject;
                ReadUsage(member, data, ref cut);
            }
            else if (_members.NameIs(data, i, "x_groq"u8) && member.Kind == JsonTokenType.StartObject)
            {
                ReadGroq(member.Value(data));
            }
            else if (StreamFrames.IsError(_members, i, data))
            {
                return Fail(data);
            }
            else if (ReportedModel is null && _members.NameIs(data, i, "model"u8))
            {
                ReportedModel = StreamFrames.Text(member.Value(data));
            }
        }

        if (hasUsage && hasChoices && choices.Count == 0 && options.HideUsage)
        {
            return FrameVerdict.None; // This chunk was sent only because we asked.
        }

        if (_repair is not null && !Repair(data, ref cut))
        {
            return FrameVerdict.None;
        }

        _hasOutput |= choices.HasOutput;
        _hasEnded |= choices.HasFinish;
        return FrameVerdict.Pass | (choices.HasOutput ? FrameVerdict.Output : 0) | (choices.HasFinish ? FrameVerdict.Finish : 0);
    }

    /// <summary>False when the chunk is held back or dropped.</summary>
    private bool Repair(ReadOnlySpan<byte> data, ref Range cut)
    {
        _isMended = true;
        bool isSent = _repair!.Read(data, _members);
        if (!cut.Equals(default))
        {
            _repair.Edits.Cut(cut);
        }

        return isSent;
    }

    private void ReadUsage(in JsonMember member, ReadOnlySpan<byte> data, ref Range cut)
    {
        if (member.Kind == JsonTokenType.StartObject)
        {
            Take(UsageReader.Read(member.Value(data)));
        }
        else if (member.Kind == JsonTokenType.Null && options.HideUsage)
        {
            cut = JsonScan.WithComma(data, member.NameStart, member.ValueEnd);
        }
    }

    /// <summary>Groq tells usage in a member of its own when it was not asked for.</summary>
    private void ReadGroq(ReadOnlySpan<byte> value)
    {
        int from = 0;
        int usage = JsonScan.NextValue(value, "\"usage\""u8, ref from);
        if (usage >= 0 && value[usage] == '{' && Usage is null)
        {
            Take(UsageReader.Read(value[usage..]));
        }
    }

    /// <summary>The last count wins, but a vendor that closes with zeros does not erase what it had said.</summary>
    private void Take(TokenUsage? usage)
    {
        if (usage is { } counted && (Usage is null || counted.Total > 0))
        {
            Usage = counted;
        }
    }

    private FrameVerdict Fail(ReadOnlySpan<byte> data)
    {
        Failure = StreamFrames.Failure(data, vendor);
        return FrameVerdict.Error;
    }

    private static bool HoldsFinish(ReadOnlySpan<byte> data)
    {
        int from = 0;
        int value;
        while ((value = JsonScan.NextValue(data, "\"finish_reason\""u8, ref from)) >= 0)
        {
            if (data[value] != 'n' && !data[value..].StartsWith("\"\""u8))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True for counts, which are worth a full reading. A null that is there because we asked is only marked to be cut.</summary>
    private bool HoldsUsage(ReadOnlySpan<byte> data, ref Range cut)
    {
        ReadOnlySpan<byte> name = "\"usage\""u8;
        int from = 0;
        int value;
        while ((value = JsonScan.NextValue(data, name, ref from)) >= 0)
        {
            if (data[value] == '{')
            {
                return true;
            }

            if (options.HideUsage && data[value..].StartsWith("null"u8) && JsonScan.IsTopLevel(data, value))
            {
                cut = JsonScan.WithComma(data, from - name.Length, value + 4);
            }
        }

        return false;
    }
}
