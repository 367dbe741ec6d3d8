using System.Buffers.Text;
using System.Text;

namespace LlmProxy.Redis;

/// <summary>What Redis said to one question.</summary>
/// <param name="IsThere">False: an error, or nothing in time.</param>
/// <param name="Value">A text's bytes or a number's digits; null: it knows nothing under that name.</param>
/// <param name="Error">In an operator's words.</param>
internal readonly record struct Reply(bool IsThere, byte[]? Value, string? Error)
{
    /// <summary>Redis' own bound for one value.</summary>
    private const int MostBytes = 512 * 1024 * 1024;

    /// <summary>Reads the first reply; false: not all of it has come.</summary>
    /// <param name="bytes">What has come so far.</param>
    /// <param name="reply">A copy: the bytes may be overwritten after.</param>
    /// <param name="length">How many bytes it takes; where not all has come and it is known, how many it will take.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Reply reply, out int length)
    {
        (reply, length) = (default, 0);
        int end = bytes.IndexOf("\r\n"u8);
        if (end < 0)
        {
            return false;
        }

        ReadOnlySpan<byte> line = bytes[1..end];
        length = end + 2;
        switch (bytes[0])
        {
            case (byte)'+' or (byte)':':
                reply = new Reply(true, line.ToArray(), null);
                return true;
            case (byte)'-':
                reply = new Reply(false, null, RedisFailure.Explain(Encoding.UTF8.GetString(line)));
                return true;
            case (byte)'$' when Utf8Parser.TryParse(line, out int count, out _) && count <= MostBytes:
                if (count < 0)
                {
                    reply = new Reply(true, null, null);
                    return true;
                }

                int begin = length;
                length += count + 2;
                if (bytes.Length < length)
                {
                    return false;
                }

                reply = new Reply(true, bytes.Slice(begin, count).ToArray(), null);
                return true;
            default:
                throw new InvalidDataException("it speaks another protocol than Redis");
        }
    }
}
