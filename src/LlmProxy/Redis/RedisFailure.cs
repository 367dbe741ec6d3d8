using System.Net.Sockets;
using StackExchange.Redis;

namespace LlmProxy.Redis;

/// <summary>Puts the client's and the server's errors into words for an operator.</summary>
internal static class RedisFailure
{
    private const int MostText = 200;

    /// <summary>Redis has forgotten the script (a restart, SCRIPT FLUSH): it must be sent whole once.</summary>
    public static bool IsForgottenScript(string? error) => error?.StartsWith("NOSCRIPT", StringComparison.Ordinal) == true;

    public static string Describe(Exception? error) => error switch
    {
        null or OperationCanceledException or ObjectDisposedException => "the connection was closed",
        TimeoutException => "it does not answer",
        RedisConnectionException connection when IsOfPassword(connection) => "it refuses the password (LlmProxy:Redis:Connection)",
        RedisConnectionException { FailureType: ConnectionFailureType.UnableToResolvePhysicalConnection or ConnectionFailureType.UnableToConnect } => "it cannot be reached: is the server up, is the address right (LlmProxy:Redis:Connection)?",
        RedisConnectionException => "the connection was lost",
        RedisServerException server => Explain(server.Message),
        SocketException => "it cannot be reached: is the server up, is the address right (LlmProxy:Redis:Connection)?",
        IOException => "the connection was lost",
        _ => Short(error.Message),
    };

    /// <summary>An error that the server itself wrote.</summary>
    public static string Explain(string message) => message switch
    {
        _ when message.Contains("NOAUTH", StringComparison.Ordinal) || message.Contains("WRONGPASS", StringComparison.Ordinal) => "it wants another password (LlmProxy:Redis:Connection)",
        _ when message.Contains("WRONGTYPE", StringComparison.Ordinal) => "another program's data stand under our names: give the gateway a LlmProxy:Redis:Prefix of its own",
        _ when message.Contains("READONLY", StringComparison.Ordinal) => "it is a read-only replica, perhaps after a failover: LlmProxy:Redis:Connection must name the primary",
        _ when message.Contains("OOM", StringComparison.Ordinal) => "it is out of memory (maxmemory)",
        _ when message.Contains("NOREPLICAS", StringComparison.Ordinal) => "it takes no writes, it has too few replicas (min-replicas-to-write)",
        _ when message.Contains("MISCONF", StringComparison.Ordinal) => "it takes no writes, it cannot save to its disk (MISCONF)",
        _ when message.StartsWith("LOADING", StringComparison.Ordinal) => "it is still loading its data",
        _ => Short(message),
    };

    private static bool IsOfPassword(RedisConnectionException error) =>
        error.FailureType == ConnectionFailureType.AuthenticationFailure
        || error.Message.Contains("authenticat", StringComparison.OrdinalIgnoreCase)
        || error.Message.Contains("NOAUTH", StringComparison.Ordinal);

    private static string Short(string message) => message.Length <= MostText ? message : message[..MostText] + "…";
}
