using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace LlmProxy.Benchmarks.Load;

/// <summary>One keep-alive client connection that sends prepared requests and meters the answers.</summary>
internal sealed class Connection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly AnswerParser _parser;
    private ReadOnlyMemory<byte> _unsent;

    public Connection(int port)
    {
        _parser = new AnswerParser(Meter);
        try
        {
            _socket.Connect(IPAddress.Loopback, port);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
        _socket.Blocking = false;
    }

    public BodyMeter Meter { get; } = new();

    public nint Handle => _socket.Handle;

    public int Status => _parser.Status;

    public bool Busy { get; private set; }

    public long StartedAt { get; private set; }

    /// <summary>Begins a call; false when the socket could not take the whole request at once.</summary>
    public bool Start(ReadOnlyMemory<byte> request)
    {
        Busy = true;
        Meter.Reset();
        _unsent = request;
        StartedAt = Stopwatch.GetTimestamp();
        return SendRest();
    }

    /// <summary>Sends more of the request; true when nothing is left.</summary>
    public bool SendRest()
    {
        while (_unsent.Length > 0)
        {
            int sent = _socket.Send(_unsent.Span, SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                return false;
            }
            if (error != SocketError.Success)
            {
                throw new SocketException((int)error);
            }
            _unsent = _unsent[sent..];
        }
        return true;
    }

    public bool HasUnsent => _unsent.Length > 0;

    /// <summary>Reads what has arrived; true when that ended the answer.</summary>
    public bool Receive(Span<byte> buffer)
    {
        int received = _socket.Receive(buffer, SocketFlags.None, out SocketError error);
        if (error == SocketError.WouldBlock)
        {
            return false;
        }
        if (error != SocketError.Success)
        {
            throw new SocketException((int)error);
        }
        if (received == 0)
        {
            throw new InvalidDataException("the connection was closed in the middle of an answer");
        }
        if (!_parser.Take(buffer[..received], Stopwatch.GetTimestamp()))
        {
            return false;
        }
        Busy = false;
        return true;
    }

    public void Dispose() => _socket.Dispose();
}
