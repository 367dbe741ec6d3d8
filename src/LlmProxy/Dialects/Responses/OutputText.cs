using System.Buffers;
using System.Text.Json;

namespace LlmProxy.Dialects.Responses;

/// <summary>A text of the answer that grows piece by piece, escapes as they came, and is then told several times.</summary>
internal sealed class OutputText
{
    private readonly ArrayBufferWriter<byte> _token = new();
    private bool _isClosed;

    public OutputText() => _token.Write("\""u8);

    public bool IsEmpty => _token.WrittenCount == (_isClosed ? 2 : 1);

    public void Add(ReadOnlySpan<byte> escaped) => _token.Write(escaped);

    /// <summary>As a JSON string; from then on nothing is added.</summary>
    public ReadOnlySpan<byte> Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _token.Write("\""u8);
        }

        return _token.WrittenSpan;
    }

    public void WriteTo(Utf8JsonWriter json, ReadOnlySpan<byte> name)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(Close(), skipInputValidation: true);
    }
}
