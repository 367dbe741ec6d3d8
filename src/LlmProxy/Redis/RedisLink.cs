using System.Collections.Concurrent;
using LlmProxy.Configuration.Options;
using StackExchange.Redis;

namespace LlmProxy.Redis;

/// <summary>
/// The gateway's one way to Redis. Connects behind the start and never holds anybody up: the first failure shuts it for
/// all, and only a question asked in the background opens it again. See design.md, "Redis, bounded".
/// </summary>
internal sealed class RedisLink(TimeProvider time, RedisConnector connector) : IAsyncDisposable
{
    public static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, Action<string>> _handlers = new(StringComparer.Ordinal);
    private RedisAddress? _address;
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;
    private volatile LiveRedis? _live;
    private volatile string _prefix = new RedisOptions().Prefix;
    private TimeSpan _patience;

    /// <summary>Whether the operator named one.</summary>
    public bool IsConfigured => _address is not null;

    /// <summary>False: nobody may wait for it now.</summary>
    public bool IsUp => _live is { Uptime.IsOver: false };

    public RedisClock Clock { get; } = new(time);

    /// <summary>Redis' silence after which no call waits.</summary>
    public TimeSpan Patience => _patience;

    /// <summary>Called in the background each time it has come up; messages sent meanwhile are lost.</summary>
    public event Action? CameUp;

    /// <summary>Our name for something in Redis. The braces put all of them into one slot of a Redis Cluster.</summary>
    public RedisKey Key(string name) => $"{{{_prefix}}}:{name}";

    /// <summary>Called with every configuration.</summary>
    public void Use(RedisOptions options)
    {
        RedisAddress? address = options.Connection.Length == 0 ? null : RedisAddress.Parse(options.Connection);
        lock (_gate)
        {
            var patience = TimeSpan.FromMilliseconds(options.TimeoutMs);
            bool isSame = _prefix == options.Prefix && _patience == patience && (_address is null ? address is null : address is not null && _address.IsSame(address));
            if (isSame)
            {
                return;
            }

            (_address, _prefix, _patience) = (address, options.Prefix, patience);
            Task before = _running;
            _stop?.Cancel();
            _stop = null;
            if (address is not null)
            {
                _stop = new CancellationTokenSource();
                CancellationToken stop = _stop.Token;
                _running = Task.Run(() => RunAsync(before, address, stop), CancellationToken.None);
            }
        }
    }

    /// <summary>Runs a script as one step. Null: Redis is away, refused it, or was silent for too long.</summary>
    public async ValueTask<RedisResult?> TryEvaluateAsync(RedisScript script, RedisKey[] keys, RedisValue[] values)
    {
        Reply<RedisResult> reply = await AskAsync((script, keys, values), static (database, q) => database.ScriptEvaluateAsync(q.script.Sha1, q.keys, q.values));
        if (RedisFailure.IsForgottenScript(reply.Error))
        {
            reply = await AskAsync((script, keys, values), static (database, q) => database.ScriptEvaluateAsync(q.script.Text, q.keys, q.values));
        }

        return reply.IsThere ? reply.Value : null;
    }

    /// <summary>Not there: Redis is away. A null value: it knows nothing under that name.</summary>
    public ValueTask<Reply<RedisValue>> TryGetAsync(RedisKey key) => AskAsync(key, static (database, name) => database.StringGetAsync(name));

    public async ValueTask<bool> TrySetAsync(RedisKey key, ReadOnlyMemory<byte> value, TimeSpan life)
    {
        // The client writes it later from memory that its owner may have given back by then.
        byte[] bytes = value.ToArray();
        return (await AskAsync((key, bytes, life), static (database, q) => database.StringSetAsync(q.key, q.bytes, q.life))).IsThere;
    }

    /// <summary>One handler per channel, for as long as the process lives; called on the thread pool.</summary>
    public void Subscribe(string channel, Action<string> handler)
    {
        _handlers[channel] = handler;
        if (_live is { } live)
        {
            _ = connector.SubscribeAsync(live.Connection, Key(channel).ToString(), handler);
        }
    }

    /// <summary>Nobody is told while Redis is away.</summary>
    public async ValueTask PublishAsync(string channel, string message) =>
        await AskAsync((Channel: Key(channel).ToString(), message), static (database, q) => database.PublishAsync(q.Channel, q.message));

    public async ValueTask DisposeAsync()
    {
        _stop?.Cancel();
        await _running;
    }

    /// <summary>One question, bounded in every way.</summary>
    public async ValueTask<Reply<T>> AskAsync<TState, T>(TState state, Func<IDatabase, TState, Task<T>> ask)
    {
        if (_live is not { Uptime: { IsOver: false } uptime } live || !await uptime.TryEnterAsync())
        {
            return default;
        }

        var pending = new PendingReply<T>(uptime);
        Task<T> asked;
        try
        {
            asked = ask(live.Database, state);
        }
        catch (Exception e) when (e is RedisException or ObjectDisposedException or TimeoutException or InvalidOperationException)
        {
            asked = Task.FromException<T>(e);
        }

        _ = asked.ContinueWith(
            static (reply, question) => ((PendingReply<T>)question!).Complete(reply),
            pending,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        Reply<T> said = await pending.Task;
        if (said.Error is { } error && !RedisFailure.IsForgottenScript(error))
        {
            uptime.Fail(error);
        }

        return said;
    }

    private async Task RunAsync(Task before, RedisAddress address, CancellationToken stop)
    {
        await before;
        var watch = new RedisWatch(time, connector.Logger, address);
        ConnectionMultiplexer? connection = null;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                connection ??= await connector.ConnectAsync(address, Key, _handlers, stop);
                await connector.ProbeAsync(connection, Key("probe"), Clock, _patience, stop);
            }
            catch (Exception e)
            {
                if (watch.Failed(RedisFailure.Describe(e), stop) && connection is not null)
                {
                    RedisConnector.Drop(connection);
                    connection = null;
                }

                await watch.PauseAsync(stop);
                continue;
            }

            var uptime = new Uptime(time, _patience);
            _live = new LiveRedis(connection, connection.GetDatabase(), uptime);
            watch.CameUp();
            TellUp();
            await StayAsync(connection, uptime, stop);
            _live = null;
            if (!stop.IsCancellationRequested)
            {
                watch.WentAway(await uptime.Failure, uptime.Length);
                await watch.PauseAsync(stop);
            }
        }

        if (connection is not null)
        {
            RedisConnector.Drop(connection);
        }
    }

    private void TellUp()
    {
        try
        {
            CameUp?.Invoke();
        }
        catch (Exception e)
        {
            connector.Logger.RedisMessageNotTaken("up", e.Message);
        }
    }

    /// <summary>Until the first failure. When no call asks, we do: the next call is not to be the first to learn.</summary>
    private async Task StayAsync(ConnectionMultiplexer connection, Uptime uptime, CancellationToken stop)
    {
        while (!uptime.IsOver && !stop.IsCancellationRequested)
        {
            await Task.WhenAny(uptime.Failure, Task.Delay(RedisWatch.ProbeEvery, time, stop));
            if (uptime.IsOver || stop.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await connector.ProbeAsync(connection, Key("probe"), Clock, _patience, stop);
            }
            catch (Exception e)
            {
                uptime.Fail(RedisFailure.Describe(e));
            }
        }
    }

    private sealed record LiveRedis(ConnectionMultiplexer Connection, IDatabase Database, Uptime Uptime);
}
