using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>What the streams of this dialect have in common: half events, errors, and bytes that pass with a piece cut out.</summary>
internal static class StreamFrames
{
    /// <summary>False for what carries no data, and for a last event that the vendor's end has cut in half.</summary>
    public static bool IsReadable(in StreamFrame frame, JsonMembers scratch) =>
        frame.HasData && (!frame.IsCut || frame.IsDone || IsWholeObject(frame.Data, scratch));

    /// <summary>Comments, hints and blank lines pass. Half an event would spoil whatever is written behind it.</summary>
    public static FrameVerdict PassUnread(in StreamFrame frame) => frame.IsCut ? FrameVerdict.None : FrameVerdict.Pass;

    /// <summary>Writes the event where its own bytes do not do: a piece of its data is cut, or its closing blank line never came.</summary>
    public static FrameVerdict Send(in StreamFrame frame, FrameVerdict verdict, Range cut, IBufferWriter<byte> client)
    {
        if ((verdict & FrameVerdict.Pass) == 0)
        {
            return verdict;
        }

        (int start, int length) = cut.GetOffsetAndLength(frame.Data.Length);
        if (length == 0 && !frame.IsCut)
        {
            return verdict;
        }

        if (length == 0)
        {
            SseWriter.WriteRest(client, frame.Raw, frame.IsCut);
        }
        else if (frame.DataStart >= 0)
        {
            start += frame.DataStart;
            client.Write(frame.Raw[..start]);
            SseWriter.WriteRest(client, frame.Raw[(start + length)..], frame.IsCut);
        }
        else
        {
            WriteJoined(frame, start, length, client);
        }

        return verdict & ~FrameVerdict.Pass;
    }

    /// <summary>The same for an event that is changed in several places.</summary>
    public static FrameVerdict SendEdited(in StreamFrame frame, FrameVerdict verdict, FrameEdits edits, IBufferWriter<byte> client)
    {
        if ((verdict & FrameVerdict.Pass) == 0 || edits.IsEmpty)
        {
            return Send(frame, verdict, default, client);
        }

        if (frame.DataStart >= 0)
        {
            client.Write(frame.Raw[..frame.DataStart]);
            edits.WriteTo(client, frame.Data);
            SseWriter.WriteRest(client, frame.Raw[(frame.DataStart + frame.Data.Length)..], frame.IsCut);
        }
        else
        {
            var data = new ArrayBufferWriter<byte>();
            edits.WriteTo(data, frame.Data);
            WriteEvent(frame, data.WrittenSpan, client);
        }

        return verdict & ~FrameVerdict.Pass;
    }

    /// <summary>
    /// Whether this object may be a failure, found by searching: it has a member "error" that is not null, or says that
    /// error is what it is. At any depth: a reading must confirm it.
    /// </summary>
    public static bool MayBeError(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> mark = "\"error\""u8;
        for (int at = 0; ; at += mark.Length)
        {
            int found = data[at..].IndexOf(mark);
            if (found < 0)
            {
                return false;
            }

            at += found;
            int next = JsonScan.SkipSpace(data, at + mark.Length);
            if (next < data.Length && data[next] == ':')
            {
                next = JsonScan.SkipSpace(data, next + 1);
                if (next < data.Length && data[next] != 'n')
                {
                    return true;
                }
            }
            else
            {
                ReadOnlySpan<byte> name = data[..at].TrimEnd(" \t:"u8);
                if (name.EndsWith("\"object\""u8) || name.EndsWith("\"type\""u8))
                {
                    return true;
                }
            }
        }
    }

    /// <summary>Whether this top-level member declares the whole object to be an error.</summary>
    public static bool IsError(JsonMembers members, int index, ReadOnlySpan<byte> data)
    {
        JsonMember member = members[index];
        if (members.NameIs(data, index, "error"u8))
        {
            return member.Kind is JsonTokenType.StartObject or JsonTokenType.StartArray
                || (member.Kind == JsonTokenType.String && member.ValueEnd - member.ValueStart > 2);
        }

        return members.NameIs(data, index, "object"u8) && member.Value(data).SequenceEqual("\"error\""u8);
    }

    public static VendorFailure Failure(ReadOnlySpan<byte> data, VendorLabel vendor)
    {
        VendorError error = ErrorReader.Read(data);
        if (error.Message is null && !data.IsEmpty && data[0] != '{')
        {
            error.Message = Encoding.UTF8.GetString(data[..Math.Min(data.Length, 500)]);
        }

        return OpenAiFailure.Inside(error, vendor);
    }

    /// <summary>What the reader throws at broken text: for half a surrogate pair in a name it is not a JsonException.</summary>
    public static bool IsBadJson(Exception exception) => exception is JsonException or InvalidOperationException;

    /// <summary>The text of a JSON string; null for anything else, and for an empty one.</summary>
    public static string? Text(ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value);
        reader.Read();
        return reader.TokenType == JsonTokenType.String ? ErrorReader.Text(ref reader) : null;
    }

    private static void WriteJoined(in StreamFrame frame, int start, int length, IBufferWriter<byte> client)
    {
        byte[] data = [.. frame.Data[..start], .. frame.Data[(start + length)..]];
        WriteEvent(frame, data, client);
    }

    private static void WriteEvent(in StreamFrame frame, ReadOnlySpan<byte> data, IBufferWriter<byte> client)
    {
        if (frame.Event.IsEmpty)
        {
            SseWriter.WriteData(client, data);
        }
        else
        {
            SseWriter.WriteEvent(client, frame.Event, data);
        }
    }

    private static bool IsWholeObject(ReadOnlySpan<byte> data, JsonMembers scratch)
    {
        try
        {
            scratch.Read(data);
            return true;
        }
        catch (Exception e) when (IsBadJson(e))
        {
            return false;
        }
    }
}
