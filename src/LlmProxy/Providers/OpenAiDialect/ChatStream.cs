using System.Buffers;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Which of the two asked for usage: only what we asked for alone is taken out again.</summary>
internal readonly record struct OpenAiStreamOptions(bool ClientAskedForUsage, bool WeAskedForUsage);

/// <summary>Hands chat and completion chunks on as they came, and learns from them what the gateway must know.</summary>
internal sealed class ChatStream(OpenAiStreamOptions options, Func<ReadOnlySpan<byte>, VendorFailure> readFailure) : OpenAiStreamBase(readFailure), IStreamTranslator
{
    private readonly bool _takesOut = options is { WeAskedForUsage: true, ClientAskedForUsage: false };
    private bool _hasOutput;

    public FrameVerdict Translate(in SseFrame frame, IBufferWriter<byte> client)
    {
        if (!frame.HasData)
        {
            return FrameVerdict.Pass;
        }

        ReadOnlySpan<byte> data = frame.Data;
        if (frame.IsDone)
        {
            IsComplete = true;
            return FrameVerdict.Pass | FrameVerdict.End;
        }

        if (frame.Event.SequenceEqual("error"u8))
        {
            return Fail(data);
        }

        FrameVerdict verdict = _hasOutput ? FrameVerdict.None : Begin(data);
        if ((verdict & FrameVerdict.Error) != 0)
        {
            return verdict;
        }

        // Quotes inside texts are escaped, so these names match real members alone; what depth they stand at is asked next.
        if (_hasOutput && data.IndexOf("\"error\""u8) >= 0 && TryRead(data) && HasError(data))
        {
            return Fail(data);
        }

        if (HasFinish(data))
        {
            IsComplete = true;
            verdict |= FrameVerdict.Finish;
        }

        int usage = data.IndexOf("\"usage\""u8);
        return usage < 0 ? verdict | FrameVerdict.Pass : WithUsage(in frame, usage, verdict, client);
    }

    /// <summary>The events before the first output are read whole: there are few of them.</summary>
    private FrameVerdict Begin(ReadOnlySpan<byte> data)
    {
        if (!TryRead(data))
        {
            return FrameVerdict.None;
        }

        if (HasError(data))
        {
            return Fail(data);
        }

        TakeModel(data);
        _hasOutput = ChatOutput.IsIn(data);
        return _hasOutput ? FrameVerdict.Output : FrameVerdict.None;
    }

    private FrameVerdict WithUsage(in SseFrame frame, int usage, FrameVerdict verdict, IBufferWriter<byte> client)
    {
        ReadOnlySpan<byte> data = frame.Data;
        ReadOnlySpan<byte> absent = "\"usage\":null"u8;
        if (data[usage..].StartsWith(absent))
        {
            if (!_takesOut)
            {
                return verdict | FrameVerdict.Pass;
            }

            // Right before the last brace it is the object's own last member, and nothing need be read to know it.
            if (usage + absent.Length == data.Length - 1 && usage > 0 && data[usage - 1] == (byte)',')
            {
                WriteWithout(in frame, usage - 1, usage + absent.Length, client);
                return verdict;
            }
        }

        if (!TryRead(data))
        {
            return verdict | FrameVerdict.Pass;
        }

        int member = Members.Find(data, "usage"u8);
        if (member < 0)
        {
            TakeNested(data);
            return verdict | FrameVerdict.Pass;
        }

        if (Members[member].Kind == JsonTokenType.Null)
        {
            return _takesOut ? verdict | TakeOut(in frame, member, client) : verdict | FrameVerdict.Pass;
        }

        Usage = UsageReader.Read(Members[member].Value(data)) ?? Usage;
        return _takesOut && HasNoChoices(data) ? verdict : verdict | FrameVerdict.Pass;
    }

    private FrameVerdict TakeOut(in SseFrame frame, int member, IBufferWriter<byte> client)
    {
        bool isLast = member == Members.Count - 1;
        int start = isLast && member > 0 ? Members[member - 1].ValueEnd : Members[member].NameStart;
        int end = isLast ? Members[member].ValueEnd : Members[member + 1].NameStart;
        WriteWithout(in frame, start, end, client);
        return FrameVerdict.None;
    }

    /// <summary>Groq reports usage inside an object of its own.</summary>
    private void TakeNested(ReadOnlySpan<byte> data)
    {
        int own = Members.Find(data, "x_groq"u8);
        if (own < 0 || Members[own].Kind != JsonTokenType.StartObject)
        {
            return;
        }

        ReadOnlySpan<byte> value = Members[own].Value(data);
        var inner = new JsonMembers();
        inner.Read(value);
        int usage = inner.Find(value, "usage"u8);
        Usage = usage >= 0 ? UsageReader.Read(inner[usage].Value(value)) ?? Usage : Usage;
    }

    private bool HasNoChoices(ReadOnlySpan<byte> data)
    {
        int choices = Members.Find(data, "choices"u8);
        return choices < 0 || Members[choices].Value(data)[1..].TrimStart(" \t\r\n"u8) is [(byte)']', ..];
    }

    private static bool HasFinish(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> name = "\"finish_reason\":"u8;
        int at;
        while ((at = data.IndexOf(name)) >= 0)
        {
            data = data[(at + name.Length)..].TrimStart((byte)' ');
            if (data is [(byte)'"', ..])
            {
                return true;
            }
        }

        return false;
    }
}
