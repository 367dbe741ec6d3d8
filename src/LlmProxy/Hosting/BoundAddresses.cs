using System.Net;

namespace LlmProxy.Hosting;

/// <summary>Where the gateway listens, and whether anybody but this machine can reach it there.</summary>
internal sealed class BoundAddresses
{
    private int _metricsPort;

    public IReadOnlyList<string> All { get; private set; } = [];

    public bool AreLoopback { get; private set; } = true;

    public void Set(IEnumerable<string> addresses, int metricsPort)
    {
        _metricsPort = metricsPort;
        All = [.. addresses];
        AreLoopback = ForClients.All(IsLoopback);
    }

    /// <summary>Without the port that serves nothing but metrics.</summary>
    public IEnumerable<string> ForClients => All.Where(a => _metricsPort == 0 || PortOf(a) != _metricsPort);

    public bool HasMetricsPort => _metricsPort != 0;

    public bool IsMetricsPort(int port) => _metricsPort != 0 && port == _metricsPort;

    public static bool IsLoopback(string address)
    {
        if (address.StartsWith("http://unix:", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        // "*" and "+" are no hosts that Uri knows; both mean every interface.
        return Uri.TryCreate(address.Replace("://*", "://0.0.0.0", StringComparison.Ordinal).Replace("://+", "://0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out Uri? uri)
            && (uri.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out IPAddress? ip) && IPAddress.IsLoopback(ip)));
    }

    private static int PortOf(string address)
    {
        int colon = address.LastIndexOf(':');
        return colon >= 0 && int.TryParse(address.AsSpan(colon + 1).TrimEnd('/'), out int port) ? port : 0;
    }
}
