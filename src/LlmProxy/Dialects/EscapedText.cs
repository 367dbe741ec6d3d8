using System.Buffers;
using System.Text.Json;

namespace LlmProxy.Dialects;

/// <summary>The inside of a JSON string that grows piece by piece, escapes as they came.</summary>
internal sealed class EscapedText
{
    private readonly ArrayBufferWriter<byte> _token = new();

    public EscapedText() => _token.Write("\""u8);

    public bool IsEmpty => _token.WrittenCount == 1;

    public ReadOnlySpan<byte> Escaped => _token.WrittenSpan[1..];

    public void Add(ReadOnlySpan<byte> escaped) => _token.Write(escaped);

    /// <summary>As a JSON string; nothing is added any more.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        _token.Write("\""u8);
        json.WriteRawValue(_token.WrittenSpan, skipInputValidation: true);
    }

    public void Clear()
    {
        _token.ResetWrittenCount();
        _token.Write("\""u8);
    }
}
