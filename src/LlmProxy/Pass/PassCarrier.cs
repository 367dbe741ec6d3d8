using System.Net;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Wire;
using Yarp.ReverseProxy.Forwarder;

namespace LlmProxy.Pass;

/// <summary>Stands on both sides of YARP's forwarder: the vendor's address and credential on the way up, only what may travel on the way down.</summary>
internal sealed class PassCarrier(Exchange exchange, RouteTarget target, Replica replica, AttemptFacts attempt) : HttpTransformer
{
    private static readonly string[] Down = ["Content-Type", "Content-Length", "Content-Disposition", "Retry-After"];

    public RouteTarget Target => target;

    public string Provider => target.Deployment.ProviderName;

    /// <summary>The vendor refused the gateway itself: not the caller's business, and not the caller's status.</summary>
    public VendorFailure? Refused { get; private set; }

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        HttpRequest request = httpContext.Request;
        proxyRequest.RequestUri = new Uri(destinationPrefix + PassRules.RestOf(request) + request.QueryString.ToUriComponent());
        proxyRequest.Version = replica.IsSecure ? HttpVersion.Version20 : HttpVersion.Version11;
        proxyRequest.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        if (exchange.Body is { } read)
        {
            proxyRequest.Content = new SplicedContent(new SplicedBody([read.Bytes], read.Bytes.Length), request.ContentType, read);
        }
        else if (proxyRequest.Content is { } body)
        {
            body.Headers.TryAddWithoutValidation("Content-Type", (string?)request.ContentType);
            body.Headers.ContentLength = request.ContentLength;
        }

        if (request.Headers.Accept.Count > 0)
        {
            proxyRequest.Headers.TryAddWithoutValidation("Accept", request.Headers.Accept.ToString());
        }

        RequestHeaders.CopyAllowed(exchange, proxyRequest);
        foreach ((string name, string value) in target.Deployment.Options.Headers)
        {
            proxyRequest.Headers.Remove(name);
            proxyRequest.Headers.TryAddWithoutValidation(name, value);
        }

        await target.Deployment.Provider.AuthorizeAsync(proxyRequest, target.Deployment, cancellationToken);
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null)
        {
            return false;
        }

        if (proxyResponse.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.PaymentRequired or HttpStatusCode.Forbidden
            && await IsOursAsync(proxyResponse, cancellationToken))
        {
            return false;
        }

        IHeaderDictionary headers = httpContext.Response.Headers;
        foreach (string name in Down)
        {
            if (proxyResponse.Content.Headers.NonValidated.TryGetValues(name, out System.Net.Http.Headers.HeaderStringValues values)
                || proxyResponse.Headers.NonValidated.TryGetValues(name, out values))
            {
                headers[name] = values.ToString();
            }
        }

        exchange.Commit(attempt);
        exchange.Answered = target;
        exchange.Status = (int)proxyResponse.StatusCode;
        AnswerHeaders.WriteCommon(exchange, headers);
        AnswerHeaders.WriteTarget(exchange, headers, proxyResponse, target);
        if (proxyResponse.Content.Headers.ContentLength != 0)
        {
            Stream vendor = await proxyResponse.Content.ReadAsStreamAsync(cancellationToken);
            proxyResponse.Content = new StreamContent(new PassTap(vendor, proxyResponse.Content.Headers.ContentLength, Settle));
        }

        return true;
    }

    /// <summary>The answer is here, its last bytes are not with the client: what the vendor says of it goes into the books.</summary>
    private void Settle(PassTap answer)
    {
        attempt.IsWhole = true;
        attempt.Usage = exchange.Status < 400 ? PassUsage.Find(Provider, answer.Beginning, answer.End) : null;
        attempt.SettleCost(target);
        exchange.Account?.Settle();
    }

    public VendorFailure Explain(ForwarderError error, Exception? exception) => (error, exception) switch
    {
        (_, NoCredentialException none) => none.Failure,
        (ForwarderError.RequestTimedOut, _) => TransportFailures.TimedOut(target, TimeSpan.FromSeconds(target.Deployment.Options.TimeoutSeconds), "did not answer"),
        (ForwarderError.ResponseBodyDestination or ForwarderError.ResponseBodyCanceled, _) => TransportFailures.InAnswer(target),
        _ => TransportFailures.BeforeAnswer(
            exception ?? new HttpRequestException(), target, replica.BaseAddress, TimeSpan.FromSeconds(exchange.Snapshot.Options.Resilience.ConnectSeconds)),
    };

    private async ValueTask<bool> IsOursAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        using PooledWriter body = await Attempt.ReadRefusalAsync(response, cancellation);
        AnswerHeaders.TakeRequestId(attempt, response.Headers);
        Refused = target.Deployment.Provider.ReadFailure((int)response.StatusCode, response, body.Written, target.Deployment);
        return true;
    }
}
