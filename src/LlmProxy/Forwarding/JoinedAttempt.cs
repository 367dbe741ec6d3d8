using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding;

/// <summary>
/// An attempt whose answer is made of several: more answers or more texts than one call to the vendor takes. All of them
/// must succeed. Also the call that needs no vendor at all.
/// </summary>
internal sealed class JoinedAttempt(Exchange exchange, RouteTarget target, VendorCall call, Attempt attempt)
{
    private const int MostAtOnce = 8;

    private VendorFailure? _failure;
    private HttpResponseMessage? _first;

    public async Task<Verdict> RunAsync(HttpRequestMessage? first, ClientAnswer answer, AttemptClock clock, long sentAt)
    {
        if (first is null)
        {
            using var own = new HttpResponseMessage();
            return await PlainRelay.TranslateAsync(exchange, target, attempt.Facts, call, own, [], answer);
        }

        attempt.Facts.Prompts = exchange.Endpoint.ChatFront is null ? 1 : call.Requests; // Of texts each goes out once.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(clock.Token);
        try
        {
            return exchange.IsStream && exchange.Endpoint.StreamsEvents
                ? await StreamAsync(first, answer, clock, stop, sentAt)
                : await PlainAsync(first, answer, clock, stop, sentAt);
        }
        catch (Exception e) when (_failure is not null && e is OperationCanceledException or IOException or HttpRequestException)
        {
            return Verdict.Failed(_failure!); // The others were stopped for it.
        }
        finally
        {
            _first?.Dispose();
        }
    }

    private async Task<Verdict> PlainAsync(HttpRequestMessage first, ClientAnswer answer, AttemptClock clock, CancellationTokenSource stop, long sentAt)
    {
        HeldAnswer[] bodies = [.. Enumerable.Range(0, call.Requests).Select(_ => new HeldAnswer(exchange.Budget))];
        try
        {
            var limits = new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = stop.Token };
            await Parallel.ForAsync(0, call.Requests, limits, async (number, cancellation) =>
            {
                HttpResponseMessage response = await SendAsync(number, first, stop, cancellation);
                try
                {
                    if (_failure is null)
                    {
                        Stream vendor = await response.Content.ReadAsStreamAsync(cancellation);
                        await FailAsync(await PlainRelay.ReadAsync(exchange, target, response, vendor, bodies[number], clock), stop);
                    }
                }
                finally
                {
                    if (number > 0)
                    {
                        response.Dispose();
                    }
                }
            });
            clock.Stop();
            attempt.Facts.WaitedTicks = exchange.Time.GetTimestamp() - sentAt;
            return _failure is { } failure
                ? Verdict.Failed(failure)
                : await PlainRelay.TranslateAsync(exchange, target, attempt.Facts, call, _first!, [.. bodies.Select(body => body.Written)], answer);
        }
        finally
        {
            foreach (HeldAnswer body in bodies)
            {
                body.Dispose();
            }
        }
    }

    private async Task<Verdict> StreamAsync(HttpRequestMessage first, ClientAnswer answer, AttemptClock clock, CancellationTokenSource stop, long sentAt)
    {
        Task<HttpResponseMessage>[] sent = [.. Enumerable.Range(0, call.Requests).Select(number => SendAsync(number, first, stop, stop.Token))];
        try
        {
            HttpResponseMessage[] responses = await Task.WhenAll(sent);
            if (_failure is { } failure)
            {
                return Verdict.Failed(failure);
            }

            List<Stream> vendors = [];
            foreach (HttpResponseMessage response in responses)
            {
                string? type = response.Content.Headers.ContentType?.MediaType;
                if (!call.Stream.Matches(type))
                {
                    return Verdict.Failed(TransportFailures.NotAStream(target, type));
                }

                vendors.Add(await response.Content.ReadAsStreamAsync(stop.Token));
            }

            await using var merged = new MergedStream(vendors, stop.Token);
            using var relay = new StreamRelay(exchange, target, attempt.Facts, call, _first!, answer, clock);
            return await relay.RunAsync(merged, sentAt);
        }
        finally
        {
            await stop.CancelAsync();
            foreach (Task<HttpResponseMessage> one in sent)
            {
                if (one.IsCompletedSuccessfully)
                {
                    one.Result.Dispose();
                }
            }
        }
    }

    private async Task<HttpResponseMessage> SendAsync(int number, HttpRequestMessage first, CancellationTokenSource stop, CancellationToken cancellation)
    {
        HttpRequestMessage request = number == 0 ? first : await attempt.CreateRequestAsync(call, number, cancellation);
        HttpResponseMessage response;
        try
        {
            response = await attempt.SendOnceAsync(call, number, request, cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or IOException && !cancellation.IsCancellationRequested)
        {
            await FailAsync(attempt.Unreached(e), stop);
            throw;
        }

        _first = number == 0 ? response : _first;
        attempt.Facts.HasBegun |= response.IsSuccessStatusCode;
        if (!response.IsSuccessStatusCode)
        {
            using PooledWriter refusal = await Attempt.ReadRefusalAsync(response, cancellation);
            await FailAsync(attempt.Judge(response, refusal.Written), stop);
        }

        return response;
    }

    /// <summary>The first failure counts, and stops the others.</summary>
    private async ValueTask FailAsync(VendorFailure? failure, CancellationTokenSource stop)
    {
        if (failure is not null && Interlocked.CompareExchange(ref _failure, failure, null) is null)
        {
            await stop.CancelAsync();
        }
    }
}
