using System.Net;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Access;

/// <summary>Where a call comes from: the connection's other end, or, where that is a proxy of the operator's own, whom it names.</summary>
internal sealed class TrustedProxies
{
    private readonly IPNetwork[] _networks;

    /// <param name="written">Addresses and networks that were checked when the configuration was read.</param>
    public TrustedProxies(IReadOnlyList<string> written) => _networks = [.. written.Select(Parse).OfType<IPNetwork>()];

    /// <summary>The right-most address that no trusted proxy owns: what stands left of it anybody could have written.</summary>
    public IPAddress AddressOf(HttpContext http)
    {
        IPAddress address = Plain(http.Connection.RemoteIpAddress ?? IPAddress.None);
        if (_networks.Length == 0 || !Trusts(address) || !http.Request.Headers.TryGetValue("X-Forwarded-For", out StringValues forwarded))
        {
            return address;
        }

        ReadOnlySpan<char> rest = forwarded.ToString();
        while (!rest.IsEmpty)
        {
            int comma = rest.LastIndexOf(',');
            if (!TryParse(rest[(comma + 1)..].Trim(), out IPAddress? named))
            {
                return address; // Nobody can say what it means: the last one that is known has to answer for it.
            }

            address = Plain(named);
            if (!Trusts(address))
            {
                return address;
            }

            rest = comma < 0 ? default : rest[..comma];
        }

        return address;
    }

    private bool Trusts(IPAddress address)
    {
        foreach (IPNetwork network in _networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static IPNetwork? Parse(string written) =>
        IPAddress.TryParse(written, out IPAddress? one) ? new IPNetwork(Plain(one), Plain(one).GetAddressBytes().Length * 8)
        : IPNetwork.TryParse(written, out IPNetwork network) ? network : null;

    /// <summary>Some proxies add the port.</summary>
    private static bool TryParse(ReadOnlySpan<char> text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IPAddress? address)
    {
        if (IPAddress.TryParse(text, out address))
        {
            return true;
        }

        bool hasPort = IPEndPoint.TryParse(text, out IPEndPoint? end);
        address = end?.Address;
        return hasPort;
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
