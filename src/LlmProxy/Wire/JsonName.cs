using System.Runtime.CompilerServices;
using System.Text.Json;

namespace LlmProxy.Wire;

/// <summary>A member's name, or any other string, as it stands in JSON text.</summary>
internal readonly ref struct JsonName(ReadOnlySpan<byte> quoted, bool isEscaped)
{
    private readonly ReadOnlySpan<byte> _quoted = quoted;
    private readonly bool _isEscaped = isEscaped;

    /// <summary>However it is escaped. Throws InvalidOperationException at half a surrogate pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Is(ReadOnlySpan<byte> text) => _isEscaped ? IsEscaped(text) : _quoted[1..^1].SequenceEqual(text);

    private bool IsEscaped(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(_quoted);
        return reader.Read() && reader.ValueTextEquals(text);
    }
}
