using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LlmProxy.TestKit;

/// <summary>A vendor on bare TCP: for answers that no HTTP server would give, and connections that end in odd places.</summary>
public sealed class RawUpstream : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Func<RawConnection, Task> _serve;
    private readonly Task _accepting;
    private int _accepted;

    private RawUpstream(Func<RawConnection, Task> serve)
    {
        _serve = serve;
        _listener.Start();
        Address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _accepting = AcceptAsync();
    }

    public string Address { get; }

    public string BaseUrl => Address + "/v1";

    /// <summary>How many connections have been opened.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Runs the script once per connection; the connection is closed when it returns.</summary>
    public static RawUpstream Start(Func<RawConnection, Task> serve) => new(serve);

    public async ValueTask DisposeAsync()
    {
        // The listener last: asked to accept once more after its stop, it throws.
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync(_stop.Token);
                Interlocked.Increment(ref _accepted);
                _connections.Add(ServeAsync(socket));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using var connection = new RawConnection(socket, _stop.Token);
            await _serve(connection);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other side left, or the test is over.
        }
    }
}

/// <summary>One accepted connection, seen from the vendor's side.</summary>
public sealed class RawConnection(Socket socket, CancellationToken stop) : IDisposable
{
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);
    private readonly List<byte> _ahead = [];
    private readonly byte[] _buffer = new byte[16_384];

    public CancellationToken Stop { get; } = stop;

    /// <summary>Reads one request with a known length; null when the other side has closed.</summary>
    public async Task<string?> ReadRequestAsync()
    {
        while (true)
        {
            string text = Encoding.Latin1.GetString([.. _ahead]);
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                int total = end + 4 + ContentLength(text[..end]);
                if (_ahead.Count >= total)
                {
                    _ahead.RemoveRange(0, total);
                    return text[..total];
                }
            }

            int read = await _stream.ReadAsync(_buffer, Stop);
            if (read == 0)
            {
                return null;
            }

            _ahead.AddRange(_buffer.AsSpan(0, read));
        }
    }

    public async Task SendAsync(string text) => await _stream.WriteAsync(Encoding.UTF8.GetBytes(text), Stop);

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes, Stop);

    /// <summary>A whole answer of known length; the connection stays open.</summary>
    public Task SendJsonAsync(string json, int status = 200) =>
        SendAsync($"HTTP/1.1 {status} Any\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}");

    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    public void Dispose() => _stream.Dispose();

    private static int ContentLength(string head)
    {
        foreach (string line in head.Split("\r\n"))
        {
            if (line.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase))
            {
                return int.Parse(line.AsSpan(15).Trim(), NumberStyles.Integer, CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }
}
