namespace LlmProxy.Routing;

internal static partial class RoutingLog
{
    [LoggerMessage(5001, LogLevel.Debug, "Route for {Asked}: {Trace}, call {CallId}", SkipEnabledCheck = true)]
    public static partial void Routed(this ILogger logger, string asked, RouteTrace trace, string callId);
}
