using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace LlmProxy.Redis;

/// <summary>Opens a connection: TCP, TLS where it is asked for, the password, the database.</summary>
internal static class RedisSocket
{
    public static async Task<Stream> OpenAsync(EndPoint server, RedisAddress address, CancellationToken stop)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(server, stop);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (address.IsTls)
            {
                var tls = new SslStream(stream);
                stream = tls;
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = HostOf(server, address) }, stop);
            }

            await GreetAsync(stream, address, stop);
            return stream;
        }
        catch
        {
            stream?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    private static string HostOf(EndPoint server, RedisAddress address) => server switch
    {
        _ when address.TlsHost.Length > 0 => address.TlsHost,
        DnsEndPoint named => named.Host,
        IPEndPoint numbered => numbered.Address.ToString(),
        _ => "",
    };

    private static async Task GreetAsync(Stream stream, RedisAddress address, CancellationToken stop)
    {
        if (address.Password.Length > 0)
        {
            using RedisCommand auth = new RedisCommand("AUTH"u8).Add(address.Password);
            await SayAsync(stream, auth, stop);
        }

        if (address.Database != 0)
        {
            using RedisCommand select = new RedisCommand("SELECT"u8).Add(address.Database);
            await SayAsync(stream, select, stop);
        }

        using RedisCommand name = new RedisCommand("CLIENT"u8).Add("SETNAME").Add("llmproxy");
        await SayAsync(stream, name, stop);
    }

    private static async Task SayAsync(Stream stream, RedisCommand command, CancellationToken stop)
    {
        await stream.WriteAsync(command.Bytes.ToArray(), stop);
        byte[] bytes = new byte[512];
        int count = 0;
        Reply reply;
        while (!Reply.TryRead(bytes.AsSpan(0, count), out reply, out _))
        {
            int more = await stream.ReadAsync(bytes.AsMemory(count), stop);
            count += more > 0 ? more : throw new EndOfStreamException();
        }

        if (reply.Error is { } error)
        {
            throw new InvalidOperationException(error);
        }
    }
}
