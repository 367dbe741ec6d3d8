using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace LlmProxy.Redis;

/// <summary>What is done with a connection behind the calls' backs: opening, listening, asking whether it is alive, closing.</summary>
internal sealed class RedisConnector(TimeProvider time, ILogger<RedisConnector> logger)
{
    private static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ProbeLife = TimeSpan.FromMinutes(1);
    private static readonly RedisScript Probe = RedisScript.Load("probe");

    public ILogger Logger => logger;

    public async Task<ConnectionMultiplexer> ConnectAsync(
        RedisAddress address, Func<string, string> name, ConcurrentDictionary<string, Action<string>> handlers, CancellationToken stop)
    {
        // On another thread: parts of the client's way to a server that hangs are synchronous.
        Task<ConnectionMultiplexer> connecting = Task.Run(() => ConnectionMultiplexer.ConnectAsync(address.ToOptions()), CancellationToken.None);
        ConnectionMultiplexer connection;
        try
        {
            connection = await connecting.WaitAsync(RedisLink.ConnectPatience * 3, time, stop);
        }
        catch (Exception) when (!connecting.IsCompleted)
        {
            _ = connecting.ContinueWith(late => { if (late.IsCompletedSuccessfully) { Drop(late.Result); } else { _ = late.Exception; } }, TaskScheduler.Default);
            throw;
        }

        connection.PreserveAsyncOrder = false;
        await LoadScriptsAsync(connection, stop);
        foreach ((string channel, Action<string> handler) in handlers)
        {
            await SubscribeAsync(connection, name(channel), handler);
        }

        return connection;
    }

    /// <summary>A connection of our own for questions, to the server that the client has found to be the primary.</summary>
    public async Task<RedisWire> OpenWireAsync(ConnectionMultiplexer connection, RedisAddress address, RedisKey key, Uptime uptime, CancellationToken stop)
    {
        EndPoint? primary = await connection.GetDatabase().IdentifyEndpointAsync(key, CommandFlags.DemandMaster).WaitAsync(ProbePatience, time, stop);
        using var patience = new CancellationTokenSource(RedisLink.ConnectPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stop);
        return new RedisWire(await RedisSocket.OpenAsync(primary ?? throw new SocketException((int)SocketError.HostNotFound), address, either.Token), uptime);
    }

    public async Task SubscribeAsync(ConnectionMultiplexer connection, string channel, Action<string> handler)
    {
        try
        {
            await connection.GetSubscriber().SubscribeAsync(channel, (_, message) => Take(channel, message.ToString(), handler)).WaitAsync(ProbePatience, time);
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            logger.RedisMessageNotTaken(channel, RedisFailure.Describe(e));
        }
    }

    /// <summary>So that no call has to send one whole. A server that does not take them says so when it is asked for a write.</summary>
    private async Task LoadScriptsAsync(ConnectionMultiplexer connection, CancellationToken stop)
    {
        foreach (EndPoint endpoint in connection.GetEndPoints())
        {
            IServer server = connection.GetServer(endpoint);
            foreach (RedisScript script in RedisScript.All)
            {
                try
                {
                    await server.ScriptLoadAsync(script.Text).WaitAsync(RedisLink.ConnectPatience, time, stop);
                }
                catch (RedisException)
                {
                    break; // A replica, or one that is away: what it lacks is sent when it is missed.
                }
            }
        }
    }

    /// <summary>A write and Redis' time; throws when either does not come.</summary>
    public async Task ProbeAsync(ConnectionMultiplexer connection, RedisKey key, RedisClock clock, TimeSpan patience, CancellationToken stop)
    {
        long sentAt = time.GetTimestamp();
        Task<RedisResult> asked = connection.GetDatabase().ScriptEvaluateAsync(Probe.Text, [key], [(long)ProbeLife.TotalMilliseconds]);
        _ = asked.ContinueWith(static late => _ = late.Exception, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously);
        RedisResult said = await asked.WaitAsync(patience > ProbePatience ? patience : ProbePatience, time, stop);
        clock.Heard(sentAt, (long)said);
    }

    /// <summary>Nobody waits for it: closing a connection to a server that hangs takes its time.</summary>
    public static void Drop(ConnectionMultiplexer connection) => _ = Task.Run(() =>
    {
        try
        {
            connection.Close(allowCommandsToComplete: false);
            connection.Dispose();
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException or InvalidOperationException)
        {
            // It is gone either way.
        }
    });

    private void Take(string channel, string message, Action<string> handler)
    {
        try
        {
            handler(message);
        }
        catch (Exception e)
        {
            logger.RedisMessageNotTaken(channel, e.Message);
        }
    }
}
