using System.Net;
using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Routing;
using LlmProxy.Wire;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Forwarding;

/// <summary>One try at one replica of one LLM: sends, holds the answer back until it is worth something, hands it on or gives up.</summary>
internal sealed class Attempt(Exchange exchange, RouteTarget target, Replica replica, AttemptFacts facts, AttemptClocks clocks)
{
    public static readonly VendorFailure ShuttingDown =
        new(ErrorCode.NoHealthyProvider, "The gateway is shutting down. Ask again: another replica or the restarted gateway will answer.");

    private const int MostErrorBytes = 64 * 1024;

    private readonly Deployment _llm = target.Deployment;
    private bool _dropsEncodingFormat;

    public AttemptFacts Facts => facts;

    public async Task<Verdict> RunAsync(ClientAnswer answer, TimeSpan share)
    {
        LlmOptions options = _llm.Options;
        TimeSpan limit = TimeSpan.FromSeconds(exchange.IsStream ? options.FirstTokenTimeoutSeconds : options.TimeoutSeconds);
        limit = limit < share ? limit : share;
        AttemptClock clock = clocks.Start(limit, exchange.Aborted, facts.Superseded);
        if (options.OnClientGone == OnClientGone.Drain)
        {
            clock.LingerFor(Timeout.InfiniteTimeSpan);
        }

        long sentAt = exchange.Time.GetTimestamp();
        bool sent = false;
        try
        {
            Verdict verdict = await SendAsync(answer, clock, sentAt);
            sent = true;
            return verdict;
        }
        catch (CallRefusedException e)
        {
            return Verdict.Failed(e.Failure);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            if (exchange.Http.RequestAborted.IsCancellationRequested)
            {
                return Verdict.ClientGone; // Also of an attempt that lingered for its usage.
            }

            if (facts.IsSuperseded)
            {
                return Verdict.Superseded;
            }

            if (exchange.Shutdown.Forced.IsCancellationRequested)
            {
                return Verdict.Failed(ShuttingDown);
            }

            if (e is NoCredentialException none)
            {
                return Verdict.Failed(none.Failure);
            }

            return Verdict.Failed(clock.TimedOut
                ? TransportFailures.TimedOut(target, limit, exchange.IsStream ? "sent no output" : "did not answer")
                : Unreached(e));
        }
        finally
        {
            if (!sent || exchange.Chosen != facts)
            {
                facts.WaitedTicks = exchange.Time.GetTimestamp() - sentAt;
            }

            clocks.Return(clock);
        }
    }

    public VendorFailure Unreached(Exception exception) => TransportFailures.BeforeAnswer(exception, target, replica.BaseAddress, ConnectTimeout);

    private TimeSpan ConnectTimeout => TimeSpan.FromSeconds(exchange.Snapshot.Options.Resilience.ConnectSeconds);

    private async Task<Verdict> SendAsync(ClientAnswer answer, AttemptClock clock, long sentAt)
    {
        using VendorCall call = facts.GoesOnFrom is null
            ? _llm.Provider.Open(exchange, target, facts)
            : new TranslatedChat(exchange, target, facts, _llm.Provider.GoesOn(target)!);
        ValueTask prepared = call.PrepareAsync(clock.Token);
        if (!prepared.IsCompletedSuccessfully)
        {
            await prepared;
        }

        HttpRequestMessage? request = call.Requests == 0 ? null : await CreateRequestAsync(call, 0, clock.Token);
        facts.DroppedParams = call.Dropped is { } names ? HeaderText.Safe(names) : null;
        if (facts.DroppedParams is { } dropped && exchange.Wishes.Strict == true)
        {
            return Verdict.Failed(new VendorFailure(ErrorCode.InvalidValue, $"{TransportFailures.Who(target)} does not take: {dropped}. Leave that out, or do not ask for \"strict\".")
            {
                Param = dropped,
            });
        }

        if (call.Requests != 1)
        {
            return await new JoinedAttempt(exchange, target, call, this).RunAsync(request, answer, clock, sentAt);
        }

        using HttpResponseMessage response = await SendOnceAsync(call, 0, request!, clock.Token);
        if (!response.IsSuccessStatusCode)
        {
            return await RefusedAsync(response, answer, clock, sentAt);
        }

        facts.HasBegun = true;

        string? mediaType = response.Content.Headers.NonValidated.TryGetValues("Content-Type", out System.Net.Http.Headers.HeaderStringValues type) ? type.ToString() : null;
        Stream body = await response.Content.ReadAsStreamAsync(clock.Token);
        if (call.Stream.Matches(mediaType))
        {
            if (!exchange.IsStream && !exchange.Endpoint.AnswersBinary)
            {
                return Verdict.Failed(TransportFailures.UnaskedStream(target));
            }

            using var relay = new StreamRelay(exchange, target, facts, call, response, answer, clock);
            return await relay.RunAsync(body, sentAt);
        }

        if (exchange.Endpoint.AnswersBinary)
        {
            return await BinaryRelay.RunAsync(exchange, target, facts, response, body, answer, clock, sentAt);
        }

        return exchange.IsStream && exchange.Endpoint.StreamsEvents
            ? Verdict.Failed(TransportFailures.NotAStream(target, mediaType))
            : await PlainRelay.RunAsync(exchange, target, facts, call, response, body, mediaType, answer, clock, sentAt);
    }

    /// <summary>A server may close an idle connection in the moment we use it again: that costs one more try and no more.</summary>
    public async Task<HttpResponseMessage> SendOnceAsync(VendorCall call, int number, HttpRequestMessage request, CancellationToken cancellation)
    {
        HttpMessageInvoker client = _llm.Cluster!.Model.HttpClient;
        facts.MayBeBilled = true;
        try
        {
            return await client.SendAsync(request, cancellation);
        }
        catch (Exception e) when (TransportFailures.EndedBeforeAnyByte(e) && !UpstreamClients.OpenedConnection(request) && !cancellation.IsCancellationRequested)
        {
            return await client.SendAsync(await CreateRequestAsync(call, number, cancellation), cancellation);
        }
    }

    public async ValueTask<HttpRequestMessage> CreateRequestAsync(VendorCall call, int number, CancellationToken cancellation)
    {
        HttpContent? content = call.Write(number);
        var request = new HttpRequestMessage(call.Method, replica.UriFor(exchange.Endpoint, call.Path))
        {
            Version = replica.IsSecure ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Content = content,
        };
        IHeaderDictionary headers = exchange.Http.Request.Headers;
        StringValues accept = headers.Accept;
        if (accept.Count > 0)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept.ToString());
        }

        RequestHeaders.CopyAllowed(exchange, request, facts.Span);
        call.AddHeaders(request);
        foreach ((string name, string value) in _llm.Options.Headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }

        ValueTask authorized = _llm.Provider.AuthorizeAsync(request, _llm, cancellation);
        if (!authorized.IsCompletedSuccessfully)
        {
            await authorized;
        }

        return request;
    }

    private async Task<Verdict> RefusedAsync(HttpResponseMessage response, ClientAnswer answer, AttemptClock clock, long sentAt)
    {
        using PooledWriter body = await ReadRefusalAsync(response, clock.Token);
        facts.MayBeBilled = false; // What is refused is not billed.
        int status = (int)response.StatusCode;
        if (exchange.AsksForUsage(target) && OpenAiFailure.BlamesStreamOptions(status, body.Written))
        {
            _llm.State.RefusesStreamOptions = true;
            return await SendAsync(answer, clock, sentAt);
        }

        if (!_dropsEncodingFormat && EmbeddingFormat.IsBlamed(exchange, status, body.Written))
        {
            _dropsEncodingFormat = _llm.State.RefusesEncodingFormat = true;
            return await SendAsync(answer, clock, sentAt);
        }

        return Verdict.Failed(Judge(response, body.Written));
    }

    /// <summary>What a refused call's answer says, as far as it is worth reading.</summary>
    public static async Task<PooledWriter> ReadRefusalAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var body = new PooledWriter();
        try
        {
            Stream stream = await response.Content.ReadAsStreamAsync(cancellation);
            int read;
            while (body.Length < MostErrorBytes && (read = await stream.ReadAsync(body.GetMemory(4096), cancellation)) > 0)
            {
                body.Advance(read);
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException && !cancellation.IsCancellationRequested)
        {
            // The status alone says enough.
        }

        return body;
    }

    public VendorFailure Judge(HttpResponseMessage response, ReadOnlySpan<byte> body)
    {
        int status = (int)response.StatusCode;
        AnswerHeaders.TakeRequestId(facts, response.Headers);
        return status is >= 300 and < 400
            ? new VendorFailure(ErrorCode.ProviderError, $"{TransportFailures.Who(target)} answered with a redirect ({status}), which the gateway does not follow. Check its base URL.") { WontPass = true }
            : _llm.Provider.ReadFailure(status, response, body, _llm);
    }
}
