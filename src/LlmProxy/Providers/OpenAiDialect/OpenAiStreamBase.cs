using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>What the streams of this dialect share: errors among the events, usage, the reporting model.</summary>
internal abstract class OpenAiStreamBase(Func<ReadOnlySpan<byte>, VendorFailure> readFailure)
{
    private readonly JsonMembers _members = new();

    public VendorFailure? Failure { get; private set; }

    public TokenUsage? Usage { get; protected set; }

    public string? ReportedModel { get; protected set; }

    public bool IsComplete { get; protected set; }

    protected JsonMembers Members => _members;

    /// <summary>False when the text is no JSON object: then it is handed on and means nothing to us.</summary>
    protected bool TryRead(ReadOnlySpan<byte> data)
    {
        try
        {
            _members.Read(data);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    protected FrameVerdict Fail(ReadOnlySpan<byte> data)
    {
        Failure = readFailure(data);
        return FrameVerdict.Error;
    }

    /// <summary>Whether the object that was read last carries an error.</summary>
    protected bool HasError(ReadOnlySpan<byte> data)
    {
        int error = _members.Find(data, "error"u8);
        if (error >= 0 && _members[error].Kind is JsonTokenType.StartObject or JsonTokenType.String)
        {
            return true;
        }

        int kind = _members.Find(data, "object"u8);
        return kind >= 0 && _members[kind].Value(data).SequenceEqual("\"error\""u8);
    }

    protected void TakeModel(ReadOnlySpan<byte> data)
    {
        if (ReportedModel is null && Text(data, "model"u8) is { Length: > 0 } model)
        {
            ReportedModel = model;
        }
    }

    protected string? Text(ReadOnlySpan<byte> data, ReadOnlySpan<byte> name)
    {
        int member = _members.Find(data, name);
        if (member < 0 || _members[member].Kind != JsonTokenType.String)
        {
            return null;
        }

        var reader = new Utf8JsonReader(_members[member].Value(data));
        reader.Read();
        return reader.GetString();
    }

    /// <summary>Writes the frame without the bytes of one member, its comma included.</summary>
    protected static void WriteWithout(in SseFrame frame, int start, int end, IBufferWriter<byte> client)
    {
        if (frame.Raw.Overlaps(frame.Data, out int offset))
        {
            client.Write(frame.Raw[..(offset + start)]);
            client.Write(frame.Raw[(offset + end)..]);
            return;
        }

        // Data that came in several lines is one JSON text whose line feeds are mere space.
        client.Write("data: "u8);
        WriteLine(frame.Data[..start], client);
        WriteLine(frame.Data[end..], client);
        client.Write("\n\n"u8);
    }

    private static void WriteLine(ReadOnlySpan<byte> text, IBufferWriter<byte> client)
    {
        Span<byte> target = client.GetSpan(text.Length);
        text.Replace(target, (byte)'\n', (byte)' ');
        client.Advance(text.Length);
    }
}
