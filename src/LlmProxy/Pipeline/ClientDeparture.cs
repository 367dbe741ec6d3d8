using Microsoft.AspNetCore.Connections;

namespace LlmProxy.Pipeline;

/// <summary>Tells a client that has left from a fault of ours.</summary>
internal static class ClientDeparture
{
    /// <summary>
    /// A read of the request's body may fail a moment before the request is marked as aborted: Kestrel ends its input first
    /// and cancels the token in a work item of its own. Only Kestrel throws these two, never a connection to a vendor.
    /// </summary>
    public static bool Is(Exception exception, HttpContext http) =>
        http.RequestAborted.IsCancellationRequested
        || exception is ConnectionResetException or ConnectionAbortedException
        || exception.InnerException is ConnectionAbortedException;
}
