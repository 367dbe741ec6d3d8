using System.Buffers;
using System.Text.Json;
using LlmProxy.Accounting.Journal;
using LlmProxy.Wire;

namespace LlmProxy.Accounting.Ledger;

/// <summary>Writes a call's attempts and tags as the JSON text that the ledger keeps in one column each; one writer serves all rows of a batch.</summary>
internal sealed class CallListWriter : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _json;
    private int _triesEnd;

    public CallListWriter() => _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true });

    /// <summary>Both are gone with the next row.</summary>
    public ReadOnlySpan<byte> Tries => _triesEnd == 0 ? "[]"u8 : _buffer.WrittenSpan[.._triesEnd];

    public ReadOnlySpan<byte> Tags => _triesEnd == _buffer.WrittenCount ? "[]"u8 : _buffer.WrittenSpan[_triesEnd..];

    public void Write(in CallFields row)
    {
        _buffer.ResetWrittenCount();
        PayloadReader lists = row.Lists;
        WriteTries(ref lists);
        _triesEnd = _buffer.WrittenCount;
        WriteTags(ref lists);
    }

    public void Dispose() => _json.Dispose();

    private void WriteTries(ref PayloadReader lists)
    {
        int count = CallCodec.ReadCount(ref lists);
        if (count == 0)
        {
            return;
        }

        Span<byte> number = stackalloc byte[NumberText.Longest];
        _json.Reset();
        _json.WriteStartArray();
        for (; count > 0; count--)
        {
            _json.WriteStartObject();
            _json.WriteString("llm"u8, lists.ReadUtf8());
            _json.WriteString("provider"u8, lists.ReadUtf8());
            _json.WriteString("outcome"u8, lists.ReadUtf8());
            _json.WritePropertyName("ms"u8);
            _json.WriteRawValue(Milliseconds(lists.ReadDouble(), number), skipInputValidation: true);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
        _json.Flush();
    }

    /// <summary>Thousandths are enough; nothing lasts longer than a million seconds.</summary>
    private static ReadOnlySpan<byte> Milliseconds(double ms, Span<byte> text) =>
        text[..NumberText.Write(double.IsNaN(ms) ? 0 : (long)Math.Round(Math.Clamp(ms, 0, 1e9) * 1000), 3, keepsZeros: false, text)];

    private void WriteTags(ref PayloadReader lists)
    {
        int count = CallCodec.ReadCount(ref lists);
        if (count == 0)
        {
            return;
        }

        _json.Reset();
        _json.WriteStartArray();
        for (; count > 0; count--)
        {
            _json.WriteStringValue(lists.ReadUtf8());
        }

        _json.WriteEndArray();
        _json.Flush();
    }
}
