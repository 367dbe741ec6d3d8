using System.Buffers;
using System.IO.Pipelines;
using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Forwarding.Resilience;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Forwarding;

/// <summary>
/// Carries one vendor's event stream to the client: whole events through the translator, held back until the first
/// output, then one flush for each read from the vendor. Idle streams hold no buffer.
/// </summary>
internal sealed partial class StreamRelay(Exchange exchange, RouteTarget target, AttemptFacts attempt, VendorCall call, HttpResponseMessage response, ClientAnswer answer, AttemptClock clock) : IDisposable
{
    private const int ReadSize = 16 * 1024;
    private const int MostHeldBack = 64 * 1024;

    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(500);

    /// <summary>A finished generation is read on for so long when its client has left, for its usage.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private readonly IStreamFramer _framer = call.Stream.OpenFramer();
    private readonly PooledWriter _scratch = new();
    private readonly PooledWriter _held = new();
    private readonly IStreamTranslator _translator = call.OpenStream();
    private readonly MetadataTail? _tail = exchange.Wishes.Metadata == true && !call.IsTranslated ? new MetadataTail(exchange, target, attempt) : null;
    private readonly PassedAnswer? _passed = PassedAnswer.Watch(exchange, target, attempt, call);
    private byte[]? _buffer;
    private int _start;
    private int _end;
    private bool _committed;
    private bool _finished;
    private VendorFailure? _failure;
    private PooledWriter? _unread;
    private OutputMeter _meter = new(AskedChoices.In(exchange));

    public async Task<Verdict> RunAsync(Stream vendor, long sentAt)
    {
        while (true)
        {
            int read;
            try
            {
                read = await ReadAsync(vendor);
            }
            catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
            {
                return End(ReadFailure(e));
            }

            bool ended = read == 0;
            bool sawOutput = Digest(ended);
            bool isWhole = _finished || (ended && _translator.IsComplete);
            if (!_committed && (sawOutput || (isWhole && _failure is null) || _held.Length > MostHeldBack))
            {
                attempt.WaitedTicks = exchange.Time.GetTimestamp() - sentAt;
                if (attempt.Turn is { GoesOnAfterRefusal: true } && BareRefusal.Is(_held.Written))
                {
                    return End(TransportFailures.Refused(target));
                }

                if (!answer.TryClaim(attempt))
                {
                    return End(null, Verdict.Superseded);
                }

                await CommitAsync();
            }

            if (_committed && _unread is null)
            {
                if (isWhole && _failure is null)
                {
                    SettleWhole();
                }
                else if (!MayGoOn())
                {
                    return await CutAsync();
                }

                if (!await FlushAsync() && !IsReadOn())
                {
                    return End(null, Verdict.ClientGone);
                }
            }

            if (_unread is not null && !MayGoOn())
            {
                return End(null, Verdict.ClientGone); // Nobody reads it, and nobody would pay for it.
            }

            if (_finished && _failure is null && !ended)
            {
                await SeeConnectionOffAsync(vendor);
            }

            if (_failure is not null || _finished || ended)
            {
                return End(_failure ?? (_finished || _translator.IsComplete ? null : TransportFailures.StreamEnded(target)));
            }
        }
    }

    public void Dispose()
    {
        _scratch.Dispose();
        _held.Dispose();
        _tail?.Dispose();
        _unread?.Dispose();
        ReturnBuffer();
    }

    private async ValueTask<int> ReadAsync(Stream vendor)
    {
        clock.Waiting();
        if (_start == _end)
        {
            ReturnBuffer();
            _scratch.Dispose();
            // Nothing is rented while the vendor thinks: an empty read only waits for bytes.
            _ = await vendor.ReadAsync(Memory<byte>.Empty, clock.Token);
            _buffer = ArrayPool<byte>.Shared.Rent(ReadSize);
        }
        else
        {
            MakeRoom();
        }

        int read = await vendor.ReadAsync(_buffer.AsMemory(_end), clock.Token);
        clock.Resting();
        _end += read;
        return read;
    }

    /// <summary>Reads all whole events that have arrived; true when one of them was output.</summary>
    private bool Digest(bool ended)
    {
        _unread?.Clear();
        IBufferWriter<byte> sink = _unread ?? (_committed ? answer.Writer : (IBufferWriter<byte>)_held);
        ReadOnlySpan<byte> buffer = _buffer.AsSpan(0, _end);
        bool sawOutput = false;
        int runStart = _start;
        while (_failure is null && !_finished && _framer.TryRead(buffer[_start..], ended, out int consumed, out StreamFrame frame))
        {
            FrameVerdict verdict = _translator.Translate(in frame, _scratch);
            _passed?.Take(in frame, verdict, _scratch.Written);
            _meter.Take(in frame, verdict);
            if ((verdict & FrameVerdict.Finish) != 0)
            {
                attempt.IsWhole = true;
                clock.LingerFor(LastWords);
            }

            if ((verdict & FrameVerdict.Pass) == 0 || _tail is not null)
            {
                sink.Write(buffer[runStart.._start]);
                WriteOwn(sink, in frame, verdict);
                runStart = _start + consumed;
            }

            _start += consumed;
            sawOutput |= (verdict & FrameVerdict.Output) != 0;
            if ((verdict & FrameVerdict.Error) != 0)
            {
                _failure = _translator.Failure;
                runStart = _start;
            }

            _finished |= (verdict & FrameVerdict.End) != 0;
        }

        sink.Write(buffer[runStart.._start]);
        if (ended && _failure is null && !_finished)
        {
            _translator.Ended(_tail is null ? sink : _scratch);
            _tail?.Write(sink, _scratch.Written, hasData: _scratch.Length > 0, mayBeLast: true);
            _scratch.Clear();
            _failure = _translator.Failure;
        }

        if (ended && _tail is not null && !_finished && (attempt.SoFar is null || _translator.IsComplete))
        {
            _tail.Complete(sink, _translator);
        }

        if (Math.Max(_end - _start, _framer.Held) > exchange.Snapshot.Options.Limits.MaxBodyBytes)
        {
            _failure = TransportFailures.TooLarge(target, "a stream event");
        }

        return sawOutput;
    }

    private void WriteOwn(IBufferWriter<byte> sink, in StreamFrame frame, FrameVerdict verdict)
    {
        if ((verdict & FrameVerdict.Error) != 0)
        {
            if (attempt.SoFar?.Sink is not null)
            {
                sink.Write(_scratch.Written); // Told before the failure, and gone on with as what the client has.
            }

            _scratch.Clear();
            return;
        }

        ReadOnlySpan<byte> bytes = (verdict & FrameVerdict.Pass) != 0 ? frame.Raw : _scratch.Written;
        if (_tail is null)
        {
            sink.Write(bytes);
        }
        else if ((verdict & FrameVerdict.End) != 0)
        {
            // A closing mark without JSON follows the object, which a last chunk may have been written for just now; a
            // closing event (message_stop, response.completed) carries it.
            int done = frame.IsDone ? bytes.LastIndexOf(frame.Raw) : -1;
            int mark = done < 0 ? 0 : bytes.Length - done;
            _tail.Write(sink, bytes[..^mark], hasData: bytes.Length > mark, mayBeLast: true);
            _tail.Complete(sink, _translator);
            sink.Write(bytes[^mark..]);
        }
        else if (!bytes.IsEmpty)
        {
            _tail.Write(sink, bytes, frame.HasData, mayBeLast: attempt.IsWhole || !_translator.TellsFinish);
        }

        _scratch.Clear();
    }

    private async ValueTask CommitAsync()
    {
        await answer.CommitStreamAsync(attempt, response, target, call.IsTranslated);
        answer.Writer.Write(_held.Written);
        _held.Dispose();
        _committed = true;
        exchange.ReleaseBody();
        clock.WatchIdle(TimeSpan.FromSeconds(target.Deployment.Options.IdleTimeoutSeconds), exchange.WishedTimeLeft);
    }

    /// <summary>False when nobody reads any more.</summary>
    private async ValueTask<bool> FlushAsync()
    {
        clock.Resting();
        FlushResult flushed = await answer.Writer.FlushAsync(CancellationToken.None);
        return !flushed.IsCompleted && !exchange.Http.RequestAborted.IsCancellationRequested;
    }

    /// <summary>
    /// The answer is whole; only the end of the HTTP message may be missing. Read, the connection serves the next call;
    /// unread, it is lost. The client does not wait for it.
    /// </summary>
    private async ValueTask SeeConnectionOffAsync(Stream vendor)
    {
        clock.WatchIdle(Farewell, Farewell);
        try
        {
            ValueTask<int> last = vendor.ReadAsync(_buffer.AsMemory(), clock.Token);
            if (!last.IsCompleted)
            {
                await answer.CompleteAsync();
            }

            while (await last > 0)
            {
                last = vendor.ReadAsync(_buffer.AsMemory(), clock.Token);
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            // Then it ends with this call.
        }
    }

    private void MakeRoom()
    {
        byte[] buffer = _buffer!;
        if (_start > 0)
        {
            buffer.AsSpan(_start, _end - _start).CopyTo(buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end < buffer.Length)
        {
            return;
        }

        byte[] bigger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.AsSpan(0, _end).CopyTo(bigger);
        ArrayPool<byte>.Shared.Return(buffer);
        _buffer = bigger;
    }

    private void ReturnBuffer()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }

        _start = _end = 0;
    }
}
