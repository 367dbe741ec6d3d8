using System.Globalization;
using System.Net;
using Yarp.ReverseProxy.Forwarder;

namespace LlmProxy.Forwarding;

/// <summary>Makes the HTTP client of each YARP cluster the way a gateway for slow, costly and streamed answers needs it.</summary>
internal sealed class UpstreamClients(ILogger<ForwarderHttpClientFactory> logger, DummyHandlers dummies) : ForwarderHttpClientFactory(logger)
{
    public const string ConnectSeconds = "connect_seconds";
    public const string DummyName = "dummy";

    private static readonly HttpRequestOptionsKey<bool> Opened = new("llmproxy.opened_connection");

    /// <summary>Whether this very request made the pool open a connection; the others ran on one that was already there.</summary>
    public static bool OpenedConnection(HttpRequestMessage request) => request.Options.TryGetValue(Opened, out bool opened) && opened;

    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);
        handler.UseProxy = false;
        handler.UseCookies = false;
        handler.AllowAutoRedirect = false;
        handler.AutomaticDecompression = DecompressionMethods.None;
        handler.ActivityHeadersPropagator = null;
        handler.Expect100ContinueTimeout = TimeSpan.Zero;
        handler.ConnectTimeout = TimeSpan.FromSeconds(Seconds(context));
        handler.PooledConnectionLifetime = TimeSpan.FromMinutes(10);
        handler.PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2);
        handler.EnableMultipleHttp2Connections = true;
        handler.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);

        // An attempt that was given up must stop the vendor at once, not be read on behind our back.
        handler.MaxResponseDrainSize = 0;
        handler.PlaintextStreamFilter = static (connection, _) =>
        {
            connection.InitialRequestMessage.Options.Set(Opened, true);
            return ValueTask.FromResult(connection.PlaintextStream);
        };
    }

    protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler)
    {
        if (context.NewMetadata?.ContainsKey(DummyName) == true)
        {
            handler.Dispose();
            return dummies.For(context.ClusterId);
        }

        return handler;
    }

    protected override bool CanReuseOldClient(ForwarderHttpClientContext context) =>
        base.CanReuseOldClient(context)
        && Seconds(context.OldMetadata) == Seconds(context.NewMetadata)
        && context.NewMetadata?.ContainsKey(DummyName) != true
        && context.OldMetadata?.ContainsKey(DummyName) != true;

    private static int Seconds(ForwarderHttpClientContext context) => Seconds(context.NewMetadata);

    private static int Seconds(IReadOnlyDictionary<string, string>? metadata) =>
        metadata is not null && metadata.TryGetValue(ConnectSeconds, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : 5;
}
