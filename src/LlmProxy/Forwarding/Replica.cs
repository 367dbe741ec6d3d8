using LlmProxy.Endpoints;
using LlmProxy.Routing;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Forwarding;

/// <summary>One address of an LLM, with the count of calls that are running on it now.</summary>
internal sealed class Replica(DestinationState state, string baseAddress, TimeProvider? time = null)
{
    private readonly Uri?[] _uris = new Uri?[EndpointKind.All.Count];
    private int _running;

    public DestinationState State { get; } = state;

    /// <summary>Without a trailing slash.</summary>
    public string BaseAddress { get; } = baseAddress;

    public bool IsSecure { get; } = baseAddress.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    /// <summary>Keeps calls away from it while its siblings work; not used where it is the only one.</summary>
    public Breaker Breaker { get; } = new(time ?? TimeProvider.System);

    /// <summary>Since when it is believed to be down; null while it is not.</summary>
    public DateTimeOffset? DownSince { get; private set; }

    public void Believed(bool isDown, DateTimeOffset now) => DownSince = isDown ? DownSince ?? now : null;

    public int Running => Volatile.Read(ref _running);

    public void Enter() => Interlocked.Increment(ref _running);

    public void Leave() => Interlocked.Decrement(ref _running);

    /// <summary>The address of an endpoint; nearly always the same, so it is parsed once.</summary>
    public Uri UriFor(EndpointKind endpoint, string path)
    {
        Uri? known = Volatile.Read(ref _uris[endpoint.Ordinal]);
        if (known is not null && known.OriginalString.Length == BaseAddress.Length + 1 + path.Length && known.OriginalString.EndsWith(path, StringComparison.Ordinal))
        {
            return known;
        }

        var uri = new Uri($"{BaseAddress}/{path}");
        Volatile.Write(ref _uris[endpoint.Ordinal], uri);
        return uri;
    }
}
