using System.Runtime.CompilerServices;

namespace LlmProxy.Redis;

/// <summary>
/// A connection on which questions go out one behind the other without waiting for replies. Whoever asks writes, and what
/// others ask meanwhile goes with the next write; replies come in the order of the questions.
/// </summary>
internal sealed class RedisWire : IDisposable
{
    private const int Usual = 16 * 1024;
    private const int LargestKept = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly Queue<Question> _open = new();
    private readonly Stream _stream;
    private readonly Uptime _uptime;
    private readonly SilenceWatch _silence;
    private readonly Action _onRead;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _reading;
    private byte[] _filling = new byte[Usual];
    private byte[] _writing = new byte[Usual];
    private byte[] _read = new byte[Usual];
    private int _filled;
    private List<Question> _unsent = [];
    private List<Question> _leaving = [];
    private int _readBegin;
    private int _readEnd;
    private bool _isWriting;
    private bool _isClosed;

    public RedisWire(Stream stream, Uptime uptime)
    {
        (_stream, _uptime, _onRead) = (stream, uptime, OnRead);
        _silence = new SilenceWatch(uptime, OldestSentAt, Fail);
        _reading = ReadMore();
        _reading.UnsafeOnCompleted(_onRead);
    }

    /// <summary>Sends it, or lets it go with what is sent next.</summary>
    /// <param name="question">It gets the reply, or nothing when the connection ends.</param>
    /// <param name="command">Copied before this returns.</param>
    /// <param name="isLast">False: another command follows at once and takes this one along.</param>
    public void Send(Question question, ReadOnlySpan<byte> command, bool isLast = true)
    {
        bool isMine = false;
        lock (_lock)
        {
            if (!_isClosed)
            {
                Fill_NeedsLock(command);
                _open.Enqueue(question);
                _unsent.Add(question);
                isMine = isLast && !_isWriting;
                _isWriting |= isLast;
                question = null!;
            }
        }

        if (question is not null)
        {
            Run(question.Take(default));
            return;
        }

        if (isMine)
        {
            _ = WriteAsync();
        }
    }

    public void Dispose() => Fail("the connection was closed");

    private static void Run(IThreadPoolWorkItem? work)
    {
        if (work is not null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
        }
    }

    private long? OldestSentAt()
    {
        lock (_lock)
        {
            return _open.TryPeek(out Question? oldest) ? oldest.SentAt : null; // What is not out yet tells of our own process, not of Redis.
        }
    }

    /// <summary>Ends the uptime for all; whoever waits is told that nothing came.</summary>
    private void Fail(string reason)
    {
        Question[] open;
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            open = [.. _open];
            _open.Clear();
        }

        try
        {
            _uptime.Fail(reason);
            _silence.Dispose();
            _stream.Dispose();
        }
        finally
        {
            foreach (Question question in open)
            {
                Run(question.Take(default));
            }
        }
    }

    private void Fill_NeedsLock(ReadOnlySpan<byte> command)
    {
        if (_filled + command.Length > _filling.Length)
        {
            Array.Resize(ref _filling, Math.Max(_filling.Length * 2, _filled + command.Length));
        }

        command.CopyTo(_filling.AsSpan(_filled));
        _filled += command.Length;
    }

    /// <summary>Until nothing is left, by the thread that found nobody writing.</summary>
    private async Task WriteAsync()
    {
        try
        {
            while (Next() is { IsEmpty: false } batch)
            {
                ValueTask writing = _stream.WriteAsync(batch);
                AreSent();
                await writing;
            }
        }
        catch (Exception e)
        {
            Fail(RedisFailure.Describe(e));
        }
    }

    /// <summary>From now on Redis' silence counts. Before, the thread that writes may have lost its processor in the middle.</summary>
    private void AreSent()
    {
        long now = _uptime.Clock.Time.GetTimestamp();
        lock (_lock)
        {
            foreach (Question question in _leaving)
            {
                question.SentAt = now;
            }

            _leaving.Clear();
        }

        _silence.Watch();
    }

    private ReadOnlyMemory<byte> Next()
    {
        lock (_lock)
        {
            if (_filled == 0 || _isClosed)
            {
                _isWriting = false;
                return default;
            }

            byte[] empty = _writing.Length > LargestKept ? new byte[Usual] : _writing;
            int count = _filled;
            (_writing, _filling, _filled) = (_filling, empty, 0);
            (_leaving, _unsent) = (_unsent, _leaving);
            return _writing.AsMemory(0, count);
        }
    }

#pragma warning disable CA2012 // Consumed once, by OnRead: an await could run nothing between being told and waiting.
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter ReadMore() =>
        _stream.ReadAsync(_read.AsMemory(_readEnd)).ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012

    /// <summary>
    /// Something has come. What follows from the first reply is run here, but only once another thread may read the next; the
    /// others stand in line in their order: who was answered first goes on first.
    /// </summary>
    private void OnRead()
    {
        IThreadPoolWorkItem? first = null;
        try
        {
            do
            {
                Run(first);
                first = null;
                int count = _reading.GetResult();
                if (count == 0)
                {
                    throw new EndOfStreamException();
                }

                _uptime.Clock.Heard();
                _readEnd += count;
                first = Take();
                _reading = ReadMore();
            }
            while (_reading.IsCompleted);

            ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter reading = _reading;
            reading.UnsafeOnCompleted(_onRead); // From here on the fields are another thread's.
        }
        catch (Exception e)
        {
            Fail(RedisFailure.Describe(e));
        }

        first?.Execute();
    }

    /// <summary>Hands out the replies that are whole. Returns what follows from the first.</summary>
    private IThreadPoolWorkItem? Take()
    {
        IThreadPoolWorkItem? first = null;
        try
        {
            HandOut(ref first);
        }
        catch
        {
            Run(first); // Whoever was answered goes on, whatever came behind.
            throw;
        }

        return first;
    }

    private void HandOut(ref IThreadPoolWorkItem? first)
    {
        int length;
        while (Reply.TryRead(_read.AsSpan(_readBegin, _readEnd - _readBegin), out Reply reply, out length))
        {
            _readBegin += length;
            Question? question;
            lock (_lock)
            {
                if (!_open.TryDequeue(out question))
                {
                    throw new InvalidDataException("it said what nobody asked for");
                }
            }

            if (reply.Error is { } error && !RedisFailure.IsForgottenScript(error))
            {
                _uptime.Fail(error);
            }

            if (question.Take(reply) is { } next)
            {
                if (first is null)
                {
                    first = next;
                }
                else
                {
                    Run(next);
                }
            }
        }

        MakeRoom(length);
    }

    /// <summary>For the rest of a reply, and for at least a little more.</summary>
    private void MakeRoom(int needed)
    {
        int rest = _readEnd - _readBegin;
        byte[] from = _read;
        if (Math.Max(needed, rest + 1) > _read.Length)
        {
            _read = new byte[Math.Max(needed, _read.Length * 2)];
        }
        else if (rest == 0 && _read.Length > LargestKept)
        {
            _read = new byte[Usual];
        }

        from.AsSpan(_readBegin, rest).CopyTo(_read);
        (_readBegin, _readEnd) = (0, rest);
    }
}
