using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace LlmProxy.TestKit;

/// <summary>HTTP/1.1 by hand: for requests that no well-behaved client would send.</summary>
public sealed class RawClient : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly List<byte> _ahead = [];
    private readonly byte[] _buffer = new byte[16_384];

    private RawClient(Socket socket, Uri address)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        Authority = address.Authority;
    }

    /// <summary>What a Host header would say.</summary>
    public string Authority { get; }

    public static async Task<RawClient> ConnectAsync(string baseUrl)
    {
        var address = new Uri(baseUrl);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address.Host, address.Port);
        return new RawClient(socket, address);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes);

    /// <summary>A POST of JSON with the headers that belong to it.</summary>
    public async Task PostAsync(string path, ReadOnlyMemory<byte> body, params (string Name, string Value)[] headers)
    {
        await SendAsync(Head("POST", path, body.Length, headers));
        await SendAsync(body);
    }

    public Task PostAsync(string path, string json, params (string Name, string Value)[] headers) =>
        PostAsync(path, Encoding.UTF8.GetBytes(json), headers);

    /// <summary>The head of a JSON request that announces so many bytes.</summary>
    public string Head(string method, string path, long contentLength, params (string Name, string Value)[] headers)
    {
        var head = new StringBuilder();
        head.Append(CultureInfo.InvariantCulture, $"{method} {path} HTTP/1.1\r\nHost: {Authority}\r\nContent-Type: application/json\r\nContent-Length: {contentLength}\r\n");
        foreach ((string name, string value) in headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        return head.Append("\r\n").ToString();
    }

    /// <summary>Says that nothing more will be sent, and goes on reading.</summary>
    public void HalfClose() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends the connection as a crash would.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    /// <summary>The next whole answer on this connection.</summary>
    public async Task<RawAnswer> ReadAnswerAsync(TimeSpan? deadline = null)
    {
        using var limit = new CancellationTokenSource(deadline ?? TimeSpan.FromSeconds(30));
        (int status, List<KeyValuePair<string, string>> headers) = await ReadHeadAsync(limit.Token);
        string? length = Find(headers, "content-length");
        List<byte> body = [];
        if (Find(headers, "transfer-encoding") is "chunked")
        {
            while (true)
            {
                int size = int.Parse(await ReadLineAsync(limit.Token), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                body.AddRange(await ReadBytesAsync(size, limit.Token));
                await ReadLineAsync(limit.Token);
                if (size == 0)
                {
                    break;
                }
            }
        }
        else if (length is not null)
        {
            body.AddRange(await ReadBytesAsync(int.Parse(length, CultureInfo.InvariantCulture), limit.Token));
        }

        return new RawAnswer(status, headers, Encoding.UTF8.GetString([.. body]));
    }

    /// <summary>The status line and headers alone; the body stays to be read.</summary>
    public async Task<RawAnswer> ReadHeadAsync(TimeSpan? deadline = null)
    {
        using var limit = new CancellationTokenSource(deadline ?? TimeSpan.FromSeconds(30));
        (int status, List<KeyValuePair<string, string>> headers) = await ReadHeadAsync(limit.Token);
        return new RawAnswer(status, headers, "");
    }

    /// <summary>Reads on until this text has come; chunk framing is part of what is read.</summary>
    public async Task<string> ReadUntilAsync(string text, TimeSpan? deadline = null)
    {
        using var limit = new CancellationTokenSource(deadline ?? TimeSpan.FromSeconds(30));
        while (true)
        {
            string soFar = Encoding.UTF8.GetString([.. _ahead]);
            int at = soFar.IndexOf(text, StringComparison.Ordinal);
            if (at >= 0)
            {
                string taken = soFar[..(at + text.Length)];
                _ahead.RemoveRange(0, Encoding.UTF8.GetByteCount(taken));
                return taken;
            }

            await FillAsync(limit.Token);
        }
    }

    /// <summary>Everything until the other side closes; a reset counts as a close.</summary>
    public async Task<string> ReadToEndAsync(TimeSpan? deadline = null)
    {
        using var limit = new CancellationTokenSource(deadline ?? TimeSpan.FromSeconds(30));
        try
        {
            while (true)
            {
                await FillAsync(limit.Token);
            }
        }
        catch (IOException)
        {
            // Closed or reset.
        }

        return Encoding.UTF8.GetString([.. _ahead]);
    }

    public async ValueTask DisposeAsync() => await _stream.DisposeAsync();

    private static string? Find(List<KeyValuePair<string, string>> headers, string name) =>
        headers.Where(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value).FirstOrDefault();

    private async Task<(int Status, List<KeyValuePair<string, string>> Headers)> ReadHeadAsync(CancellationToken cancellation)
    {
        string first = await ReadLineAsync(cancellation);
        int status = int.Parse(first.Split(' ')[1], CultureInfo.InvariantCulture);
        List<KeyValuePair<string, string>> headers = [];
        for (string line = await ReadLineAsync(cancellation); line.Length > 0; line = await ReadLineAsync(cancellation))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            headers.Add(KeyValuePair.Create(line[..colon], line[(colon + 1)..].Trim()));
        }

        return (status, headers);
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellation)
    {
        int at;
        while ((at = _ahead.IndexOf((byte)'\n')) < 0)
        {
            await FillAsync(cancellation);
        }

        string line = Encoding.UTF8.GetString([.. _ahead[..at]]).TrimEnd('\r');
        _ahead.RemoveRange(0, at + 1);
        return line;
    }

    private async Task<byte[]> ReadBytesAsync(int count, CancellationToken cancellation)
    {
        while (_ahead.Count < count)
        {
            await FillAsync(cancellation);
        }

        byte[] bytes = [.. _ahead[..count]];
        _ahead.RemoveRange(0, count);
        return bytes;
    }

    private async Task FillAsync(CancellationToken cancellation)
    {
        int read = await _stream.ReadAsync(_buffer, cancellation);
        if (read == 0)
        {
            throw new IOException($"The other side closed. Read so far: {Encoding.UTF8.GetString([.. _ahead])}");
        }

        _ahead.AddRange(_buffer.AsSpan(0, read));
    }
}

/// <summary>An answer as it stood on the wire, chunk framing removed.</summary>
public sealed record RawAnswer(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, string Body)
{
    public string? Header(string name) =>
        Headers.Where(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value).FirstOrDefault();
}
