using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace LlmProxy.Redis;

/// <summary>One command in Redis' own protocol: words, each with its length. Its memory is rented; whoever makes one gives it back.</summary>
internal sealed class RedisCommand : IDisposable
{
    private const int Usual = 1024;

    /// <summary>For the number of words, known at the end only: "*1234567890\r\n".</summary>
    private const int HeadRoom = 16;

    private const int MostDigits = 20;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(Usual);
    private int _end = HeadRoom;
    private int _words;

    public RedisCommand(ReadOnlySpan<byte> name) => Add(name);

    /// <summary>The whole command as it goes out.</summary>
    public ReadOnlySpan<byte> Bytes
    {
        get
        {
            Span<byte> head = stackalloc byte[HeadRoom];
            int length = Header(head, (byte)'*', _words);
            head[..length].CopyTo(_bytes.AsSpan(HeadRoom - length));
            return _bytes.AsSpan(HeadRoom - length, _end - HeadRoom + length);
        }
    }

    /// <summary>Runs a script that Redis knows; its keys come next, then its arguments.</summary>
    public static RedisCommand Evaluate(RedisScript script, int keys) => new RedisCommand("EVALSHA"u8).Add(script.Name).Add(keys);

    public RedisCommand Add(ReadOnlySpan<byte> word)
    {
        word.CopyTo(Begin(word.Length));
        return End(word.Length);
    }

    public RedisCommand Add(string word) => Add("", word);

    /// <summary>Two parts of one word.</summary>
    public RedisCommand Add(string prefix, string name)
    {
        (int first, int second) = (Encoding.UTF8.GetByteCount(prefix), Encoding.UTF8.GetByteCount(name));
        Span<byte> room = Begin(first + second);
        Encoding.UTF8.GetBytes(prefix, room);
        Encoding.UTF8.GetBytes(name, room[first..]);
        return End(first + second);
    }

    public RedisCommand Add(long number)
    {
        Span<byte> text = stackalloc byte[MostDigits];
        Utf8Formatter.TryFormat(number, text, out int length);
        return Add(text[..length]);
    }

    public RedisCommand Add(Guid id)
    {
        Span<byte> text = stackalloc byte[36];
        id.TryFormat(text, out int length);
        return Add(text[..length]);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    private static int Header(Span<byte> room, byte kind, int number)
    {
        room[0] = kind;
        Utf8Formatter.TryFormat(number, room[1..], out int digits);
        "\r\n"u8.CopyTo(room[(digits + 1)..]);
        return digits + 3;
    }

    private Span<byte> Begin(int length)
    {
        int needed = _end + HeadRoom + length + 2;
        if (needed > _bytes.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(needed * 2);
            _bytes.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        _end += Header(_bytes.AsSpan(_end), (byte)'$', length);
        return _bytes.AsSpan(_end, length);
    }

    private RedisCommand End(int length)
    {
        _end += length;
        _bytes[_end++] = (byte)'\r';
        _bytes[_end++] = (byte)'\n';
        _words++;
        return this;
    }
}
