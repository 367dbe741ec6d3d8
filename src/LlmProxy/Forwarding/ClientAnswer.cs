using System.Buffers;
using System.IO.Pipelines;
using LlmProxy.Guards;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding;

/// <summary>The one class that touches the caller's response. An attempt that fails leaves no trace on it.</summary>
internal sealed class ClientAnswer : IDisposable
{
    private readonly Exchange _exchange;
    private readonly HttpResponse _response;
    private readonly Lock _gate = new();
    private ITimer? _keepAlive;
    private Task _keepAliveWrite = Task.CompletedTask;
    private AttemptFacts? _claimant;
    private TimeSpan _keepAliveEvery;
    private bool _committed;
    private bool _waitsAgain;

    public ClientAnswer(Exchange exchange)
    {
        _exchange = exchange;
        _response = exchange.Http.Response;
    }

    /// <summary>Once true, no other LLM is tried.</summary>
    public bool OutputCommitted => _committed;

    /// <summary>Whether an attempt has had output.</summary>
    public bool IsClaimed => Volatile.Read(ref _claimant) is not null;

    /// <summary>Keep-alives have gone out: a failure can only be told inside the stream.</summary>
    public bool HasBegun { get; private set; }

    public PipeWriter Writer => _exchange.AnswerGuard ?? _response.BodyWriter;

    /// <summary>From now on a stream that stays silent is kept open with what its dialect has for that.</summary>
    public void KeepAliveWhereItStreams()
    {
        bool streams = _exchange.IsStream && _exchange.Endpoint.StreamsEvents && !_exchange.Endpoint.Dialect.KeepAlive.IsEmpty;
        if (!streams || _exchange.Snapshot.Options.Limits.KeepAliveSeconds is not (> 0 and var seconds))
        {
            return;
        }

        var interval = TimeSpan.FromSeconds(seconds);
        _keepAliveEvery = interval;
        _keepAlive = _exchange.Time.CreateTimer(static answer => ((ClientAnswer)answer!).KeepAlive(), this, interval, interval);
    }

    /// <summary>
    /// Whoever has the first output asks for the answer before anything of it is shown. One attempt gets it; of two that
    /// run side by side the other is stopped by this.
    /// </summary>
    public bool TryClaim(AttemptFacts attempt)
    {
        if (attempt.GoesOnFrom is not null)
        {
            return true; // Alone: the others have given the answer up.
        }

        if (Interlocked.CompareExchange(ref _claimant, attempt, null) is { } first)
        {
            return first == attempt;
        }

        attempt.Side?.Win();
        return true;
    }

    /// <summary>The stream has broken, and another LLM is asked to go on with it: the client waits as it did for the first.</summary>
    public async ValueTask WaitAgainAsync()
    {
        await Writer.FlushAsync(CancellationToken.None);
        HasBegun = true;
        KeepAliveAgain();
    }

    /// <summary>The first output is here: sends the head of a streamed answer.</summary>
    public async ValueTask CommitStreamAsync(AttemptFacts attempt, HttpResponseMessage vendor, RouteTarget target, bool isTranslated)
    {
        await StopKeepAliveAsync();
        if (attempt.GoesOnFrom is not null)
        {
            _exchange.GoOn(attempt, target);
            AnswerHeaders.TakeRequestId(attempt, vendor.Headers);
        }
        else
        {
            _exchange.Commit(attempt);
            _exchange.Answered = target;
            if (!HasBegun)
            {
                AnswerHeaders.WriteStream(_exchange, vendor, target, isTranslated);
            }
        }

        if (_exchange.AnswerGuard is { IsHolding: true })
        {
            KeepAliveAgain(); // The client sees nothing of it before it is whole and judged.
        }
    }

    /// <summary>Sends a whole answer; without a content type of its own, under the vendor's.</summary>
    public async ValueTask SendPlainAsync(HttpResponseMessage vendor, RouteTarget target, string? contentType, ReadOnlyMemory<byte> body)
    {
        await StopKeepAliveAsync();
        _exchange.Answered = target;
        if (_exchange.AnswerGuard is { } guard)
        {
            if (await guard.CheckAsync(body) is { } refused)
            {
                await SendErrorAsync(refused);
                return;
            }

            body = guard.Restore(body);
        }

        AnswerHeaders.WritePlain(_exchange, vendor, target, contentType, body.Length);
        Settle();
        await WriteBodyAsync(body);
    }

    /// <summary>Sends a whole answer that no vendor was asked for.</summary>
    public async ValueTask SendOwnAsync(string contentType, ReadOnlyMemory<byte> body)
    {
        await StopKeepAliveAsync();
        AnswerHeaders.WriteOwn(_exchange, contentType, body.Length);
        Settle();
        await WriteBodyAsync(body);
    }

    /// <summary>Sends the head of a streamed answer that no vendor was asked for.</summary>
    public async ValueTask BeginOwnStreamAsync(string contentType)
    {
        await StopKeepAliveAsync();
        if (!HasBegun)
        {
            AnswerHeaders.WriteOwnStream(_exchange, contentType);
            HasBegun = true;
        }
    }

    /// <summary>Says why there is no answer: as a status while nothing has gone out, as the stream's last event after that.</summary>
    public async ValueTask SendErrorAsync(GatewayError error)
    {
        await StopKeepAliveAsync();
        _exchange.AnswerGuard?.Break();
        _exchange.Error = error;
        if (!HasBegun && !_response.HasStarted)
        {
            _exchange.Status = error.Status;
            Settle();
            await ErrorAnswer.SendAsync(_exchange.Http, error, _exchange.Id, _exchange);
            return;
        }

        _exchange.Status = _response.StatusCode;
        Settle();
        if (_exchange.Endpoint.AnswersBinary)
        {
            Abort();
            return;
        }

        _exchange.Endpoint.Dialect.WriteErrorEvent(_response.BodyWriter, error, _exchange.Id, _exchange.Answered is null ? 0 : _exchange.Chosen!.EventsTold);
        await _response.BodyWriter.FlushAsync(CancellationToken.None);
    }

    /// <summary>The bytes that end the answer go out next: the books are closed before the client can see them.</summary>
    public void Settle()
    {
        if (_exchange.AnswerGuard is { IsHolding: true })
        {
            return; // They go out when the guard has seen the answer.
        }

        _exchange.IsClientGone |= _exchange.Aborted.IsCancellationRequested;
        _exchange.Account?.Settle();
    }

    /// <summary>The answer is whole: what a guard still holds goes out, or its refusal.</summary>
    public ValueTask FinishAsync() => _exchange is { AnswerGuard: { IsOver: false } guard, Error: null } ? FinishAsync(guard) : default;

    /// <summary>The same, and the client need not wait for what is still done about the call.</summary>
    public async ValueTask CompleteAsync()
    {
        await FinishAsync();
        await _response.CompleteAsync();
    }

    /// <summary>The answer cannot be finished and has no place for an error: the broken connection tells it.</summary>
    public void Abort() => _exchange.Http.Abort();

    public void Dispose() => _keepAlive?.Dispose();

    private async ValueTask FinishAsync(AnswerGuard guard)
    {
        if (await guard.JudgeAsync() is { } refused)
        {
            await SendErrorAsync(refused);
            return;
        }

        await StopKeepAliveAsync();
        Settle();
        await guard.ReleaseAsync();
    }

    private async ValueTask WriteBodyAsync(ReadOnlyMemory<byte> body)
    {
        if (body.Length <= 32 * 1024)
        {
            // Leaves with the headers in one write when the request ends.
            _response.BodyWriter.Write(body.Span);
            return;
        }

        await _response.BodyWriter.WriteAsync(body, CancellationToken.None);
    }

    private void KeepAlive()
    {
        lock (_gate)
        {
            if ((!_committed || _waitsAgain) && _keepAliveWrite.IsCompleted && !_exchange.Aborted.IsCancellationRequested)
            {
                _keepAliveWrite = WriteKeepAliveAsync();
            }
        }
    }

    private async Task WriteKeepAliveAsync()
    {
        try
        {
            if (!HasBegun && !_committed)
            {
                AnswerHeaders.WriteWaiting(_exchange);
            }

            HasBegun = true;
            _response.BodyWriter.Write(_exchange.Endpoint.Dialect.KeepAlive);
            await _response.BodyWriter.FlushAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or OperationCanceledException)
        {
            // The client has left in this moment; its own signal ends the call.
        }
    }

    private void KeepAliveAgain()
    {
        lock (_gate)
        {
            _waitsAgain = true;
            _keepAlive?.Change(_keepAliveEvery, _keepAliveEvery);
        }
    }

    private Task StopKeepAliveAsync()
    {
        lock (_gate)
        {
            _committed = true;
            _waitsAgain = false;
            _keepAlive?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return _keepAliveWrite;
        }
    }
}
