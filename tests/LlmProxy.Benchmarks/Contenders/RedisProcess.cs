using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks.Contenders;

/// <summary>A redis-server of the run's own, without a file on disk.</summary>
internal sealed class RedisProcess : IAsyncDisposable
{
    private const string Program = "redis-server";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ChildProcess _process;

    private RedisProcess(ChildProcess process, int port) => (_process, Port) = (process, port);

    public int Port { get; }

    /// <summary>Null when it is not installed.</summary>
    public static async Task<RedisProcess?> StartAsync(Workplace place, CancellationToken ct)
    {
        if (Workplace.Find(Program) is not { } program)
        {
            return null;
        }
        int port = FreePort.Next();
        string folder = place.NewFolder("redis");
        string[] command = [program, "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        RedisProcess redis = new(Workplace.Start("redis", command, folder), port);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        while (await redis.AskAsync("PING", ct) != "+PONG")
        {
            if (patience.IsCancellationRequested || redis._process.HasExited)
            {
                await redis.DisposeAsync();
                ct.ThrowIfCancellationRequested();
                throw new ContenderException($"redis-server did not come up. It said:\n{redis._process.LogTail()}");
            }
            await Task.Delay(20, ct);
        }
        return redis;
    }

    /// <summary>One command of words without spaces; the reply's first line, null when there is none.</summary>
    public async Task<string?> AskAsync(string command, CancellationToken ct)
    {
        try
        {
            using TcpClient client = new();
            await client.ConnectAsync(IPAddress.Loopback, Port, ct);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"), ct);
            using StreamReader reader = new(client.GetStream(), Encoding.ASCII);
            return await reader.ReadLineAsync(ct);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return null;
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
