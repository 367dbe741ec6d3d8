using System.Buffers;

namespace LlmProxy.Forwarding.Continuation;

/// <summary>
/// Joins a continuation to the text the client already has. Vendors take no beginning that ends in white space, so that
/// is not sent to them, and they are likely to say it again; some also repeat the beginning itself. Both are taken off,
/// and nothing else. Pieces are the inside of JSON strings and are compared by what they mean.
/// </summary>
/// <param name="sent">The beginning as the vendor got it, without the white space at its end.</param>
/// <param name="space">That white space.</param>
/// <param name="mayRepeat">Whether a repetition of the whole beginning is taken off.</param>
internal sealed class Seam(string sent, string space, bool mayRepeat)
{
    private readonly ArrayBufferWriter<byte> _held = new();
    private Phase _phase = mayRepeat && sent.Length > 0 ? Phase.Repetition : Phase.Space;
    private int _matched;

    private enum Phase
    {
        Repetition,
        Space,
        Through,
    }

    /// <summary>Whether all that follows is new to the client.</summary>
    public bool IsThrough => _phase == Phase.Through;

    /// <summary>What of this piece is new to the client; to be used before the next call.</summary>
    public ReadOnlySpan<byte> Take(ReadOnlySpan<byte> escaped) => _phase switch
    {
        Phase.Through => escaped,
        Phase.Space => WithoutSpace(escaped),
        _ => WithoutRepetition(escaped),
    };

    /// <summary>No more text follows: what looked like a repetition and did not become one is new after all.</summary>
    public ReadOnlySpan<byte> Finish()
    {
        if (_phase != Phase.Repetition)
        {
            return default;
        }

        GoTo(Phase.Space);
        return WithoutSpace(_held.WrittenSpan);
    }

    private ReadOnlySpan<byte> WithoutRepetition(ReadOnlySpan<byte> escaped)
    {
        for (int at = 0; at < escaped.Length;)
        {
            at = EscapedChars.Next(escaped, at, out char first, out char second);
            if (!Matches(first, second))
            {
                GoTo(Phase.Space);
                _held.Write(escaped);
                return WithoutSpace(_held.WrittenSpan);
            }

            _matched += second == '\0' ? 1 : 2;
            if (_matched == sent.Length)
            {
                GoTo(Phase.Space);
                return WithoutSpace(escaped[at..]);
            }
        }

        _held.Write(escaped);
        return default;
    }

    private ReadOnlySpan<byte> WithoutSpace(ReadOnlySpan<byte> escaped)
    {
        int at = 0;
        while (at < escaped.Length && _matched < space.Length)
        {
            int next = EscapedChars.Next(escaped, at, out char first, out _);
            if (first != space[_matched])
            {
                GoTo(Phase.Through);
                return escaped[at..];
            }

            _matched++;
            at = next;
        }

        if (_matched == space.Length)
        {
            GoTo(Phase.Through);
        }

        return escaped[at..];
    }

    private bool Matches(char first, char second) =>
        sent[_matched] == first && (second == '\0' || (_matched + 1 < sent.Length && sent[_matched + 1] == second));

    private void GoTo(Phase phase)
    {
        _phase = phase;
        _matched = 0;
    }
}
