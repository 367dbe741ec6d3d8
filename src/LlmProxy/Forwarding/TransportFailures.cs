using System.Net.Http;
using System.Net.Sockets;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding;

/// <summary>What went wrong between the gateway and a vendor, in words that say where to look.</summary>
internal static class TransportFailures
{
    /// <summary>No answer came: the connection failed, or ended before the first byte.</summary>
    public static VendorFailure BeforeAnswer(Exception exception, RouteTarget target, string address, TimeSpan connectTimeout)
    {
        string who = Who(target);
        if (exception is OperationCanceledException)
        {
            return new VendorFailure(ErrorCode.ProviderUnreachable, $"{who} did not accept a connection at {address} within {connectTimeout.TotalSeconds:0} s. Check that the server is up, that its base URL is right, and that no firewall stands between.")
            { WontPass = true };
        }

        HttpRequestError kind = (exception as HttpRequestException)?.HttpRequestError ?? HttpRequestError.Unknown;
        return kind switch
        {
            HttpRequestError.NameResolutionError => Unresolved(who, address),
            HttpRequestError.ConnectionError when SocketErrorOf(exception) is SocketError.TryAgain or SocketError.NoData or SocketError.NoRecovery => Unresolved(who, address),
            HttpRequestError.SecureConnectionError => new VendorFailure(ErrorCode.ProviderUnreachable, $"No secure connection to {who} at {address} could be made. Check its certificate, and whether the address wants http instead of https.") { WontPass = true },
            HttpRequestError.ConnectionError => new VendorFailure(ErrorCode.ProviderUnreachable, SocketErrorOf(exception) == SocketError.ConnectionRefused
                ? $"{who} refused the connection at {address}. Check that the server is up and that its base URL is right."
                : $"{who} cannot be reached at {address} ({SocketErrorOf(exception)?.ToString() ?? "connection failed"}). Check that the server is up and that its base URL is right."),
            HttpRequestError.InvalidResponse => new VendorFailure(ErrorCode.InvalidProviderResponse, $"{who} at {address} answered with something that is not HTTP. Check its base URL and port."),
            HttpRequestError.ConfigurationLimitExceeded => new VendorFailure(ErrorCode.InvalidProviderResponse, $"{who} answered with more header bytes than the gateway takes."),
            _ => new VendorFailure(ErrorCode.ProviderUnreachable, $"{who} closed the connection before it answered. Check the server's own log: it may be restarting or out of memory."),
        };
    }

    private static VendorFailure Unresolved(string who, string address) =>
        new(ErrorCode.ProviderUnreachable, $"The host name of {who} ({address}) cannot be resolved. Check its base URL and DNS.");

    /// <summary>An answer began and broke off.</summary>
    public static VendorFailure InAnswer(RouteTarget target) =>
        new(ErrorCode.ProviderError, $"{Who(target)} broke off its answer: the connection ended before the answer was whole.");

    public static VendorFailure StreamEnded(RouteTarget target) =>
        new(ErrorCode.ProviderError, $"{Who(target)} ended its stream before the answer was whole.");

    /// <summary>The answer is nothing but the word that the content policy has stopped it.</summary>
    public static VendorFailure Refused(RouteTarget target) =>
        new(ErrorCode.InvalidValue, $"{Who(target)} has refused the request for its content policy.") { IsFinal = true, IsRefusal = true };

    public static VendorFailure TimedOut(RouteTarget target, TimeSpan limit, string what) =>
        new(ErrorCode.ProviderTimeout, $"{Who(target)} {what} within {Seconds(limit)}.") { WontPass = true };

    public static VendorFailure TooLarge(RouteTarget target, string what) =>
        new(ErrorCode.InvalidProviderResponse, $"{Who(target)} sent {what} larger than the gateway holds (LlmProxy:Limits).");

    /// <summary>The gateway itself cannot hold the answer: nobody else is asked for one, and nobody is blamed.</summary>
    public static VendorFailure NoMemory()
    {
        GatewayError full = BufferBudget.Full();
        return new VendorFailure(full.Code, full.Message) { IsFinal = true, RetryAfter = full.RetryAfter };
    }

    public static VendorFailure NotAStream(RouteTarget target, string? contentType) =>
        new(ErrorCode.InvalidProviderResponse, $"{Who(target)} was asked for a stream and answered with \"{contentType ?? "no content type"}\". Check its base URL.");

    public static VendorFailure UnaskedStream(RouteTarget target) =>
        new(ErrorCode.InvalidProviderResponse, $"{Who(target)} answered with a stream that was not asked for.");

    /// <summary>Stale connections of a pool end like this: nothing was read, another connection will do.</summary>
    public static bool EndedBeforeAnyByte(Exception exception) =>
        exception is HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.Unknown } or IOException;

    public static string Who(RouteTarget target) => $"The LLM \"{target.Deployment.Name}\" ({target.Deployment.ProviderName})";

    private static SocketError? SocketErrorOf(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is SocketException socket)
            {
                return socket.SocketErrorCode;
            }
        }

        return null;
    }

    private static string Seconds(TimeSpan limit) => limit.TotalSeconds >= 10
        ? $"{limit.TotalSeconds:0} s"
        : $"{limit.TotalSeconds:0.##} s";
}
