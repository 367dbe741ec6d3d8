using System.Buffers;
using LlmProxy.Accounting;
using Serilog.Core;
using Serilog.Events;
using Serilog.Parsing;

namespace LlmProxy.Telemetry.Logs;

/// <summary>
/// Takes log events from all threads into a bounded queue; one thread of its own renders and writes them in batches.
/// A reader of standard output that stalls costs log lines, which are counted, and never holds up a call.
/// </summary>
internal sealed class LogWriter : ILogEventSink, IDisposable
{
    public const int DefaultCapacity = 16_384;
    private const int PageBytes = 128 * 1024;

    /// <summary>Between two batches: lines that come meanwhile cost nobody a wake-up.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);
    private static readonly MessageTemplate DroppedTemplate = new MessageTemplateParser().Parse("{Dropped} log events were dropped because the log's reader is too slow");
    private static readonly MessageTemplate CrashTemplate = new MessageTemplateParser().Parse("The process ends: an exception was not handled");

    private readonly Stream _output;
    private readonly ILogFormat _format;
    private readonly TimeProvider _time;
    private readonly ILogEventSink? _more;
    private readonly Thread _thread;
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly ArrayBufferWriter<byte> _line = new(4 * 1024);
    private readonly ArrayBufferWriter<byte> _page = new(PageBytes);
    private readonly Lock _queue = new();
    private object[] _filling;
    private object[] _emptied;
    private int _count;
    private long _dropped;
    private long _droppedUntold;
    private bool _asleep;
    private volatile bool _stopping;

    /// <param name="output">Standard output.</param>
    /// <param name="format">How a line looks.</param>
    /// <param name="time">Names the moment of the writer's own lines.</param>
    /// <param name="more">Gets every event too, on the writer's thread.</param>
    /// <param name="capacity">Events that may wait; one more is dropped.</param>
    public LogWriter(Stream output, ILogFormat format, TimeProvider time, ILogEventSink? more = null, int capacity = DefaultCapacity)
    {
        (_output, _format, _time, _more) = (output, format, time, more);
        (_filling, _emptied) = (new object[capacity], new object[capacity]);
        _thread = new Thread(Run) { IsBackground = true, Name = "log writer" };
        _thread.Start();
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        AppDomain.CurrentDomain.UnhandledException += OnCrash;
    }

    /// <summary>Events that found the queue full, since the start.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    public void Emit(LogEvent logEvent) => Enqueue(logEvent);

    public void Emit(CallRow call) => Enqueue(call);

    /// <summary>Writes what waits and ends; nothing is written after.</summary>
    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        AppDomain.CurrentDomain.UnhandledException -= OnCrash;
        _stopping = true;
        _wake.Set();
        if (Thread.CurrentThread != _thread && _thread.Join(LastWords)) // The reader may have stalled for good.
        {
            (_more as IDisposable)?.Dispose();
        }
    }

    private void OnProcessExit(object? sender, EventArgs exit) => Dispose();

    private void OnCrash(object sender, UnhandledExceptionEventArgs crash)
    {
        Enqueue(new LogEvent(_time.GetUtcNow(), LogEventLevel.Fatal, crash.ExceptionObject as Exception, CrashTemplate, []));
        Dispose();
    }

    private void Enqueue(object item)
    {
        bool wake;
        lock (_queue)
        {
            if (_count == _filling.Length)
            {
                _dropped++;
                _droppedUntold++;
                return;
            }

            _filling[_count++] = item;
            wake = _asleep || _count == _filling.Length / 2;
            _asleep = false;
        }

        if (wake)
        {
            _wake.Set();
        }
    }

    private void Run()
    {
        while (true)
        {
            ReadOnlySpan<object> batch = Take(out long dropped);
            if (batch.Length == 0 && dropped == 0)
            {
                if (_stopping)
                {
                    return;
                }

                _wake.WaitOne();
                continue;
            }

            Write(batch, dropped);
            _emptied.AsSpan(0, batch.Length).Clear();
            if (!_stopping)
            {
                _wake.WaitOne(Breath);
            }
        }
    }

    private ReadOnlySpan<object> Take(out long dropped)
    {
        lock (_queue)
        {
            (_filling, _emptied) = (_emptied, _filling);
            int count = _count;
            _count = 0;
            dropped = _droppedUntold;
            _droppedUntold = 0;
            _asleep = count == 0 && dropped == 0;
            return _emptied.AsSpan(0, count);
        }
    }

    private void Write(ReadOnlySpan<object> batch, long dropped)
    {
        foreach (object item in batch)
        {
            Add(item);
        }

        if (dropped > 0)
        {
            Add(DroppedEvent(dropped));
        }

        FlushPage();
    }

    private void Add(object item)
    {
        _line.ResetWrittenCount();
        try
        {
            if (item is CallRow call)
            {
                _format.Write(call, _line);
                _more?.Emit(RequestLogEvent.From(call));
            }
            else
            {
                _format.Write((LogEvent)item, _line);
                _more?.Emit((LogEvent)item);
            }
        }
        catch (Exception exception) // A value in an event may throw when it is rendered; the thread must live.
        {
            _line.ResetWrittenCount();
            _line.Write("A log event could not be rendered: "u8);
            _line.Write(System.Text.Encoding.UTF8.GetBytes(exception.GetType().Name));
            _line.Write("\n"u8);
        }

        if (_page.WrittenCount + _line.WrittenCount > PageBytes)
        {
            FlushPage();
        }

        _page.Write(_line.WrittenSpan);
    }

    private void FlushPage()
    {
        try
        {
            _output.Write(_page.WrittenSpan);
            _output.Flush();
        }
        catch (Exception) // Nobody reads any more, and there is no other place to say so. Calls are served all the same.
        {
        }

        _page.ResetWrittenCount();
    }

    private LogEvent DroppedEvent(long dropped) => new(
        _time.GetUtcNow(), LogEventLevel.Warning, exception: null, DroppedTemplate, [new LogEventProperty("Dropped", new ScalarValue(dropped))]);
}
