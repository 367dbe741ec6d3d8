using System.Net;
using System.Net.Sockets;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Forwarding;

namespace LlmProxy.Media;

/// <summary>
/// Fetches media that a client gave as an address, for vendors that want the bytes. From public addresses only, unless
/// the operator allowed a host: the address is judged when the connection is made, so that no name, redirect or changed
/// DNS answer leads into the house.
/// </summary>
internal sealed class MediaFetcher : IDisposable
{
    private const int MostRedirects = 3;

    private readonly SnapshotHolder _snapshots;
    private readonly HttpMessageInvoker _client;
    private readonly TimeProvider _time;

    /// <param name="snapshots">The rules of the moment in which a connection is made.</param>
    /// <param name="time">For its patience.</param>
    /// <param name="client">What fetches; null: a client that connects to public addresses only.</param>
    public MediaFetcher(SnapshotHolder snapshots, TimeProvider time, HttpMessageInvoker? client = null)
    {
        _snapshots = snapshots;
        _time = time;
        _client = client ?? new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            MaxResponseDrainSize = 0,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            ConnectCallback = ConnectAsync,
        });
    }

    /// <summary>The part's media as bytes. Throws the turn's refusal where it cannot be had.</summary>
    public async ValueTask<MediaSource> FetchAsync(ChatPart part, ChatTurn turn, CancellationToken cancellation)
    {
        string address = part.Media!.Url!;
        FetchedMedia kept = turn.Exchange.Media;
        if (kept.Find(address) is { } known)
        {
            return known;
        }

        FetchOptions options = turn.Exchange.Snapshot.Options.Fetch;
        Uri uri = Check(new Uri(address), part, turn, options);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(options.TimeoutSeconds), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            for (int hop = 0; ; hop++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, uri);
                request.Headers.TryAddWithoutValidation("Accept", part.Kind == PartKind.Image ? "image/*" : "*/*");
                using HttpResponseMessage response = await _client.SendAsync(request, either.Token);
                if ((int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is { } next && hop < MostRedirects)
                {
                    uri = Check(new Uri(uri, next), part, turn, options);
                    continue;
                }

                if (!response.IsSuccessStatusCode)
                {
                    throw turn.Refuse(part.Path, $"the server of {uri.Host} answered {(int)response.StatusCode} when the gateway fetched it. Check the address, or send the bytes as base64.");
                }

                return await ReadAsync(response, address, part, turn, options, either.Token);
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw turn.Refuse(part.Path, $"{uri.Host} did not send it within {options.TimeoutSeconds} s. Send the bytes as base64.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw turn.Refuse(part.Path, e.InnerException is NotPublicException closed
                ? closed.Message
                : $"{uri.Host} cannot be reached from the gateway. Check the address, or send the bytes as base64.");
        }
    }

    public void Dispose() => _client.Dispose();

    private static async ValueTask<MediaSource> ReadAsync(
        HttpResponseMessage response, string address, ChatPart part, ChatTurn turn, FetchOptions options, CancellationToken cancellation)
    {
        using var body = new HeldAnswer(turn.Exchange.Budget);
        Stream stream = await response.Content.ReadAsStreamAsync(cancellation);
        int read = response.Content.Headers.ContentLength > options.MaxBytes ? -1 : 0;
        while (read >= 0 && (read = await stream.ReadAsync(body.Room(), cancellation)) > 0)
        {
            read = body.Advance(read, options.MaxBytes) ? read : -1;
        }

        const string NoMemory = "the gateway holds as many bytes as it may (LlmProxy:Limits:MaxBufferedBytes). Try again in a moment.";
        if (read < 0)
        {
            throw turn.Refuse(part.Path, body.LacksMemory ? NoMemory : $"it is larger than the gateway fetches ({options.MaxBytes} bytes, LlmProxy:Fetch:MaxBytes).");
        }

        string? announced = response.Content.Headers.ContentType?.MediaType;
        string type = MediaTypes.Of(part.Kind, body.Written.Span, announced)
            ?? throw turn.Refuse(part.Path, $"what the address gave is no {part.Kind.ToString().ToLowerInvariant()} that is known (the server calls it {announced ?? "nothing"}).");
        return turn.Exchange.Media.Keep(address, body.Written.Span, type, part.Media!)
            ?? throw turn.Refuse(part.Path, NoMemory);
    }

    private static Uri Check(Uri uri, ChatPart part, ChatTurn turn, FetchOptions options)
    {
        if (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
        {
            throw turn.Refuse(part.Path, $"the gateway fetches http:// and https:// addresses only, not {uri.Scheme}://.");
        }

        if (uri.UserInfo.Length > 0)
        {
            throw turn.Refuse(part.Path, "an address with a user name or password in it is not fetched.");
        }

        if (!options.Enabled)
        {
            throw turn.Refuse(part.Path, "the model wants the bytes, and this gateway fetches no addresses (LlmProxy:Fetch:Enabled). Send them as base64.");
        }

        // The address itself may say what must not leave the house.
        bool isHeldHome = turn.Exchange.Wishes.LocalOnly == true || !turn.Exchange.Caller.Key.AllowExternal;
        if (isHeldHome && !IsAllowed(uri.Host, null, options))
        {
            throw turn.Refuse(part.Path, "this call must stay in the house, and fetching the address would leave it. Send the bytes as base64.");
        }

        return uri;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        string host = context.DnsEndPoint.Host;
        FetchOptions options = _snapshots.Current.Options.Fetch;
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(host, cancellation);
        IPAddress[] open = [.. addresses.Where(address => PublicAddresses.IsPublic(address) || IsAllowed(host, address, options))];
        if (open.Length < addresses.Length || open.Length == 0)
        {
            throw new NotPublicException($"{host} is not a public address, and the gateway fetches from no others (LlmProxy:Fetch:AllowHosts). Send the bytes as base64.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(open, context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsAllowed(string host, IPAddress? address, FetchOptions options)
    {
        foreach (string allowed in options.AllowHosts)
        {
            if (allowed.Equals(host, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }

            bool isNetwork = IPNetwork.TryParse(allowed, out IPNetwork network);
            IPAddress? judged = address ?? (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? literal) ? literal : null);
            if (isNetwork && judged is not null && network.Contains(judged))
            {
                return true;
            }
        }

        return false;
    }

    private sealed class NotPublicException(string message) : IOException(message);
}
