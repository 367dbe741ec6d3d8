using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>Server-sent events, written while they are read; nothing is written any more once the reader has gone.</summary>
internal sealed class DummyStream : IDisposable
{
    private const int Batch = 8 * 1024;

    private readonly Pipe _pipe = new();
    private readonly CancellationTokenSource _goneSource;
    private readonly CancellationToken _gone;
    private readonly TimeProvider _time;
    private readonly TimeSpan _pause;
    private readonly Utf8JsonWriter _json;
    private bool _isFirst = true;
    private int _isOver;

    private DummyStream(TimeProvider time, TimeSpan pause, CancellationToken cancellation)
    {
        _time = time;
        _pause = pause;
        _json = new Utf8JsonWriter(_pipe.Writer, DummySchema.Options);
        _goneSource = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _gone = _goneSource.Token;
    }

    public static HttpResponseMessage Respond(DummyCall call, Func<DummyStream, Task> produce, CancellationToken cancellation)
    {
        var stream = new DummyStream(call.Time, call.Settings.ChunkDelay, cancellation);
        var content = new EventContent(stream._pipe.Reader.AsStream(), stream);
        _ = stream.RunAsync(produce);
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
    }

    /// <summary>The writer for the next event's JSON; <see cref="SendAsync"/> ends the event.</summary>
    public Utf8JsonWriter Event(string? name = null)
    {
        if (name is not null)
        {
            Write($"event: {name}\n");
        }

        Write("data: ");
        _json.Reset(_pipe.Writer);
        return _json;
    }

    public async ValueTask SendAsync()
    {
        _json.Flush();
        Write("\n\n");
        if (_pause > TimeSpan.Zero)
        {
            await FlushAsync();
            await Task.Delay(_pause, _time, _gone);
        }
        else if (_isFirst || _pipe.Writer.UnflushedBytes >= Batch)
        {
            await FlushAsync();
        }

        _isFirst = false;
    }

    public void Done() => Write("data: [DONE]\n\n");

    /// <summary>The reader lets go: what is still to come is not written.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            _goneSource.Cancel();
            _goneSource.Dispose();
        }
    }

    private void Write(string text) => Encoding.UTF8.GetBytes(text, _pipe.Writer);

    private async ValueTask FlushAsync()
    {
        FlushResult result = await _pipe.Writer.FlushAsync(_gone);
        if (result.IsCompleted)
        {
            throw new OperationCanceledException("The reader has gone.");
        }
    }

    private async Task RunAsync(Func<DummyStream, Task> produce)
    {
        Exception? failure = null;
        try
        {
            await produce(this);
            await _pipe.Writer.FlushAsync(_gone);
        }
        catch (Exception e)
        {
            // Whoever still reads sees the stream break; nobody else has to know.
            failure = e is OperationCanceledException ? new IOException("The stream was abandoned.", e) : e;
        }

        await _pipe.Writer.CompleteAsync(failure);
        await _json.DisposeAsync();
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            _goneSource.Dispose();
        }
    }

    private sealed class EventContent : StreamContent
    {
        private readonly DummyStream _stream;

        public EventContent(Stream body, DummyStream stream)
            : base(body)
        {
            _stream = stream;
            Headers.ContentType = new MediaTypeHeaderValue("text/event-stream") { CharSet = "utf-8" };
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _stream.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
