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

    /// <summary>The same two as Anthropic's vendor would send them.</summary>
    public const char ClaudePaced = 'S';
    public const char ClaudeBurst = 'B';

    private static ReadOnlySpan<byte> Mark => "\"metadata\":{\"answer\":\""u8;

    // The one member that a translation to Anthropic's dialect keeps.
    private static ReadOnlySpan<byte> ClaudeMark => "\"metadata\":{\"user_id\":\""u8;

    public bool IsClaude => Kind is ClaudePaced or ClaudeBurst;

    public string ToMetadata() => $$"""{"{{(IsClaude ? "user_id" : "answer")}}":"{{Kind}}{{Chunks}}:{{EveryMs}}"}""";

    /// <summary>Reads it from the beginning of a body; null when it is not there.</summary>
    public static AskedAnswer? Read(ReadOnlySpan<byte> body)
    {
        ReadOnlySpan<byte> mark = body.IndexOf(ClaudeMark) < 0 ? Mark : ClaudeMark;
        int at = body.IndexOf(mark);
        if (at < 0)
        {
            return null;
        }
        ReadOnlySpan<byte> value = body[(at + mark.Length)..];
        char kind = (char)value[0];
        return Utf8Parser.TryParse(value[1..], out int chunks, out int length)
            && Utf8Parser.TryParse(value[(length + 2)..], out int everyMs, out _)
            ? new(kind, chunks, everyMs, Usage: body.IndexOf("\"include_usage\":true"u8) >= 0)
            : null;
    }
}
