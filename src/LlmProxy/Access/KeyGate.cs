using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Pipeline;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Access;

/// <summary>Says who is calling, or why nobody known is.</summary>
internal sealed class KeyGate(UnknownKeyBrake brake, TimeProvider time)
{
    private static readonly GatewayError NoKey = new(
        ErrorCode.InvalidApiKey,
        "No API key was sent. Send a gateway key as 'Authorization: Bearer KEY', 'x-api-key: KEY' or 'api-key: KEY'.");

    private static readonly GatewayError UnknownKey = new(
        ErrorCode.InvalidApiKey,
        "The API key is not known to this gateway. Use a key that its operator gave out, not a vendor's key.");

    private static readonly GatewayError NotHeardYet = new(
        ErrorCode.DatabaseUnavailable,
        "The API key is not known here, and the database that may know it has not answered since the gateway started. Try again in a few seconds; if it stays so, the operator has to bring the database back (LlmProxy:Database:Connection).")
    {
        RetryAfter = TimeSpan.FromSeconds(5),
    };

    /// <summary>Names the exchange's caller, or says why it may not come in.</summary>
    public GatewayError? Admit(Exchange exchange)
    {
        GatewayError? stranger = Admit(exchange.Http, exchange.Snapshot, out Caller caller);
        exchange.Caller = caller;
        return stranger;
    }

    /// <summary>The same for the small routes that are no calls to a model.</summary>
    public GatewayError? Admit(HttpContext http, GatewaySnapshot snapshot, out Caller caller)
    {
        caller = Caller.Anyone;
        if (snapshot.AuthMode == AuthMode.Open && OpenModeGuard.Check(http.Request) is { } foreign)
        {
            return foreign;
        }

        return Identify(http.Request, snapshot, out caller);
    }

    private GatewayError? Identify(HttpRequest request, GatewaySnapshot snapshot, out Caller caller)
    {
        ReadOnlySpan<char> key = Presented(request.Headers, out string? header);
        if (key.IsEmpty)
        {
            caller = Caller.Anyone;
            return snapshot.AuthMode == AuthMode.Open ? null : NoKey;
        }

        if (snapshot.Keys.Find(header, key) is not { } known)
        {
            // An open gateway takes whatever placeholder key an SDK insists on sending.
            caller = Caller.Anyone;
            return snapshot.AuthMode == AuthMode.Open ? null : snapshot.Keys.IsComplete ? Stranger(request.HttpContext, snapshot, UnknownKey) : NotHeardYet;
        }

        caller = known;
        if (known.RevokedAt is { } revoked)
        {
            return new GatewayError(ErrorCode.InvalidApiKey, $"The API key \"{known.Name}\" was revoked on {revoked:yyyy-MM-dd HH:mm} UTC. Ask the gateway's operator for a new one.");
        }

        if (known.Key.ExpiresAt is { } end && end <= time.GetUtcNow())
        {
            return new GatewayError(ErrorCode.KeyExpired, $"The API key \"{known.Name}\" expired on {end:yyyy-MM-dd HH:mm} UTC. Ask the gateway's operator for a new one.");
        }

        return null;
    }

    /// <summary>For a key that nobody knows: the refusal, or a sterner one where this address has tried too many.</summary>
    public GatewayError Stranger(HttpContext http, GatewaySnapshot snapshot, GatewayError refusal)
    {
        if (brake.Refuse(snapshot.Keys.Proxies.AddressOf(http), snapshot.Options.Auth.UnknownKeysPerMinute) is not { } wait)
        {
            return refusal;
        }

        return new GatewayError(
            ErrorCode.RateLimitExceeded,
            "Too many API keys that nobody knows came from this address. Check which key is sent; keys that are known are served all the same.")
        {
            RetryAfter = wait,
            ShouldRetry = false,
        };
    }

    /// <summary>Whether the request carries the operator's own key.</summary>
    public static bool IsOperator(HttpRequest request, GatewaySnapshot snapshot) =>
        ReferenceEquals(snapshot.Keys.Find(Presented(request.Headers, out _)), Caller.Operator);

    /// <summary>The key that the request carries; empty when it carries none.</summary>
    /// <param name="headers">The request's.</param>
    /// <param name="header">The text that it stands in, where the server may hand out the same one again.</param>
    public static ReadOnlySpan<char> Presented(IHeaderDictionary headers, out string? header)
    {
        header = null;
        StringValues authorization = headers.Authorization;
        if (authorization.Count > 0 && authorization[0] is { } text && text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            ReadOnlySpan<char> bearer = text.AsSpan(7).Trim();
            if (!bearer.IsEmpty)
            {
                header = text;
                return bearer;
            }
        }

        if (headers.TryGetValue("x-api-key", out StringValues key) || headers.TryGetValue("api-key", out key))
        {
            return key.ToString().AsSpan().Trim();
        }

        return default;
    }
}
