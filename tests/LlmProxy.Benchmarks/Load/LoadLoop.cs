using System.Diagnostics;
using System.Net.Sockets;

namespace LlmProxy.Benchmarks.Load;

/// <summary>One thread that keeps many connections of one contender busy and counts what they bring.</summary>
internal abstract class LoadLoop(int port, byte[] request, Expectation expected) : IDisposable
{
    // More failures than this and the window is lost anyway: do not spend it on reconnecting.
    private const int MaxErrors = 100;

    private readonly Epoll _epoll = new();
    private readonly List<Connection?> _connections = [];
    private readonly byte[] _buffer = new byte[256 * 1024];

    public long Calls { get; private set; }

    public long Frames { get; private set; }

    public int Errors { get; private set; }

    public string? FirstError { get; private set; }

    /// <summary>Open streams that have brought content.</summary>
    public int WithContent => _connections.Count(c => c is { Busy: true, Meter.FirstContentAt: not 0 });

    /// <summary>Takes how long each stamped chunk was on its way, when set.</summary>
    public LatencyRecorder? Transit { get; set; }

    /// <summary>Takes the time from request to first content, when set.</summary>
    public LatencyRecorder? FirstContent { get; set; }

    /// <summary>Works for the given time; returns early only when everything fails.</summary>
    public void RunFor(TimeSpan time)
    {
        long end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        for (long now = Stopwatch.GetTimestamp(); now < end && Errors < MaxErrors; now = Stopwatch.GetTimestamp())
        {
            long next = Math.Min(StartDue(now), end);
            int timeoutMs = (int)Math.Max(0, (next - now + Stopwatch.Frequency / 1000 - 1) / (Stopwatch.Frequency / 1000));
            int events = _epoll.Wait(timeoutMs);
            for (int i = 0; i < events; i++)
            {
                Handle(_epoll.TokenOf(i));
            }
        }
    }

    public void Dispose()
    {
        foreach (Connection? connection in _connections)
        {
            connection?.Dispose();
        }
        _epoll.Dispose();
    }

    /// <summary>Starts the calls whose time has come; says when the next one is due.</summary>
    protected abstract long StartDue(long now);

    /// <summary>Decides what a connection does after its answer.</summary>
    protected abstract void OnAnswered(int slot);

    /// <summary>Decides what happens when a connection failed and was closed.</summary>
    protected abstract void OnFailed();

    protected int OpenConnection()
    {
        Connection connection = new(port);
        connection.Meter.Transit = Transit;
        int slot = _connections.Count;
        _connections.Add(connection);
        _epoll.Watch(connection.Handle, slot);
        return slot;
    }

    protected void StartCall(int slot)
    {
        Connection connection = _connections[slot]!;
        if (!connection.Start(request))
        {
            _epoll.WatchWrites(connection.Handle, slot, writes: true);
        }
    }

    protected void Fail(string reason)
    {
        Errors++;
        FirstError ??= reason;
    }

    private void Handle(int slot)
    {
        if (_connections[slot] is not { } connection)
        {
            return;
        }
        try
        {
            if (connection.HasUnsent && connection.SendRest())
            {
                _epoll.WatchWrites(connection.Handle, slot, writes: false);
            }
            Receive(connection, slot);
        }
        catch (Exception e) when (e is SocketException or InvalidDataException)
        {
            Fail(e.Message);
            connection.Dispose();
            _connections[slot] = null;
            OnFailed();
        }
    }

    private void Receive(Connection connection, int slot)
    {
        int framesBefore = connection.Meter.Frames;
        bool hadContent = connection.Meter.FirstContentAt != 0;
        bool ended = connection.Receive(_buffer);
        Frames += connection.Meter.Frames - framesBefore;
        if (!hadContent && connection.Meter.FirstContentAt != 0)
        {
            FirstContent?.Record(Stopwatch.GetElapsedTime(connection.StartedAt, connection.Meter.FirstContentAt));
        }
        if (!ended)
        {
            return;
        }
        Calls++;
        if (expected.Judge(connection.Status, connection.Meter) is { } wrong)
        {
            Fail(wrong);
        }
        OnAnswered(slot);
    }
}
