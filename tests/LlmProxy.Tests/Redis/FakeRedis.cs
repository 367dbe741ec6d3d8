using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace LlmProxy.Tests.Redis;

/// <summary>The other end of a connection to Redis: takes whole commands, and replies what the test says.</summary>
internal sealed class FakeRedis : Stream
{
    private readonly Pipe _replies = new();
    private readonly Stream _toRead;

    public FakeRedis() => _toRead = _replies.Reader.AsStream();

    /// <summary>The reply in Redis' protocol; null: it is silent.</summary>
    public Func<string[], string?> Answer { get; set; } = _ => "+OK\r\n";

    /// <summary>Every command, its words.</summary>
    public ConcurrentQueue<string[]> Asked { get; } = new();

    /// <summary>How many commands each write carried.</summary>
    public ConcurrentQueue<int> Writes { get; } = new();

    /// <summary>Where set, writes are not done before it is.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public static string Text(string value) => string.Create(CultureInfo.InvariantCulture, $"${value.Length}\r\n{value}\r\n");

    public async Task SayAsync(string bytes) => await _replies.Writer.WriteAsync(Encoding.UTF8.GetBytes(bytes));

    public void HangUp() => _replies.Writer.Complete();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _toRead.ReadAsync(buffer, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        List<string[]> commands = [.. Read(Encoding.UTF8.GetString(buffer.Span))];
        Writes.Enqueue(commands.Count);
        if (Gate is { } gate)
        {
            await gate.Task;
        }

        foreach (string[] command in commands)
        {
            Asked.Enqueue(command);
            if (Answer(command) is { } reply)
            {
                await SayAsync(reply);
            }
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _replies.Writer.Complete();
        base.Dispose(disposing);
    }

    /// <summary>Words of ASCII, each behind its length.</summary>
    private static IEnumerable<string[]> Read(string text)
    {
        for (int at = 0; at < text.Length;)
        {
            int Number(char kind)
            {
                Assert.Equal(kind, text[at]);
                int end = text.IndexOf("\r\n", at, StringComparison.Ordinal);
                int number = int.Parse(text.AsSpan(at + 1, end - at - 1), CultureInfo.InvariantCulture);
                at = end + 2;
                return number;
            }

            string[] words = new string[Number('*')];
            for (int i = 0; i < words.Length; i++)
            {
                int length = Number('$');
                words[i] = text.Substring(at, length);
                Assert.Equal("\r\n", text.Substring(at + length, 2));
                at += length + 2;
            }

            yield return words;
        }
    }
}
