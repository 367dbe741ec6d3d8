using System.Buffers.Text;

namespace LlmProxy.Benchmarks.Roles;

/// <summary>
/// Which answer a request asks the upstream for. It travels in the standard "metadata" field,
/// because a body field passes every contender untouched while headers and paths do not.
/// </summary>
internal readonly record struct AskedAnswer(char Kind, int Chunks, int EveryMs, bool Usage)
{
    public const char Plain = 'p';
    public const char Paced = 's';
    public const char Burst = 'b';

    private static ReadOnlySpan<byte> Mark => "\"metadata\":{\"answer\":\""u8;

    public string ToMetadata() => $$"""{"answer":"{{Kind}}{{Chunks}}:{{EveryMs}}"}""";

    /// <summary>Reads it from the beginning of a body; null when it is not there.</summary>
    public static AskedAnswer? Read(ReadOnlySpan<byte> body)
    {
        int at = body.IndexOf(Mark);
        if (at < 0)
        {
            return null;
        }
        ReadOnlySpan<byte> value = body[(at + Mark.Length)..];
        char kind = (char)value[0];
        return Utf8Parser.TryParse(value[1..], out int chunks, out int length)
            && Utf8Parser.TryParse(value[(length + 2)..], out int everyMs, out _)
            ? new(kind, chunks, everyMs, Usage: body.IndexOf("\"include_usage\":true"u8) >= 0)
            : null;
    }
}
