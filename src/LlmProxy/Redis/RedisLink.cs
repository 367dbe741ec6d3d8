using System.Collections.Concurrent;
using LlmProxy.Configuration.Options;
using StackExchange.Redis;

namespace LlmProxy.Redis;

/// <summary>
/// The gateway's one way to Redis. Connects behind the start and never holds anybody up: the first failure shuts it for
/// all, and only a question asked in the background opens it again. README.md says how long a call waits.
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
    private volatile string _prefix = NamePrefix(new RedisOptions());
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
    public string Key(string name) => Prefix + name;

    /// <summary>What all our names begin with. The braces put all of them into one slot of a Redis Cluster.</summary>
    public string Prefix => _prefix;

    /// <summary>Called with every configuration.</summary>
    public void Use(RedisOptions options)
    {
        RedisAddress? address = options.Connection.Length == 0 ? null : RedisAddress.Parse(options.Connection);
        lock (_gate)
        {
            var patience = TimeSpan.FromMilliseconds(options.TimeoutMs);
            bool isSame = _prefix == NamePrefix(options) && _patience == patience && (_address is null ? address is null : address is not null && _address.IsSame(address));
            if (isSame)
            {
                return;
            }

            (_address, _prefix, _patience) = (address, NamePrefix(options), patience);
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
    public async ValueTask<byte[]?> TryEvaluateAsync(RedisScript script, RedisCommand command)
    {
        Reply reply = await AskAsync(command);
        if (RedisFailure.IsForgottenScript(reply.Error))
        {
            using RedisCommand load = new RedisCommand("SCRIPT"u8).Add("LOAD").Add(script.Text);
            reply = await AskAsync(load) is { IsThere: true } ? await AskAsync(command) : default;
        }

        return reply.Value;
    }

    /// <summary>Not there: Redis is away. A null value: it knows nothing under that name.</summary>
    public async ValueTask<Reply> TryGetAsync(string key)
    {
        using RedisCommand get = new RedisCommand("GET"u8).Add(key);
        return await AskAsync(get);
    }

    public async ValueTask<bool> TrySetAsync(string key, ReadOnlyMemory<byte> value, TimeSpan life)
    {
        using RedisCommand set = new RedisCommand("SET"u8).Add(key).Add(value.Span).Add("PX").Add(Math.Max(1, (long)life.TotalMilliseconds));
        return (await AskAsync(set)).IsThere;
    }

    /// <summary>One handler per channel, for as long as the process lives; called on the thread pool.</summary>
    public void Subscribe(string channel, Action<string> handler)
    {
        _handlers[channel] = handler;
        if (_live is { Connection: { } connection })
        {
            _ = connector.SubscribeAsync(connection, Key(channel), handler);
        }
    }

    /// <summary>Nobody is told while Redis is away.</summary>
    public async ValueTask PublishAsync(string channel, string message)
    {
        using RedisCommand publish = new RedisCommand("PUBLISH"u8).Add(Key(channel)).Add(message);
        await AskAsync(publish);
    }

    public async ValueTask DisposeAsync()
    {
        _stop?.Cancel();
        await _running;
    }

    /// <summary>One question, bounded in every way.</summary>
    public ValueTask<Reply> AskAsync(RedisCommand command)
    {
        if (_live is not { Uptime: { IsOver: false } uptime } live)
        {
            return default;
        }

        ValueTask<bool> entering = uptime.TryEnterAsync();
        return entering.IsCompletedSuccessfully ? Ask(live, command, entering.Result) : EnterAsync(live, command, entering);
    }

    /// <summary>From now on it is asked, until the uptime is over.</summary>
    public void ComeUp(RedisWire wire, Uptime uptime, ConnectionMultiplexer? connection) => _live = new LiveRedis(connection, wire, uptime);

    /// <summary>Sends it with the question that follows at once. False: it was not sent; else the question hears of it.</summary>
    public bool TrySend(Question question, RedisCommand command, bool isLast)
    {
        if (_live is not { Uptime.IsOver: false } live)
        {
            return false;
        }

        live.Wire.Send(question, command.Bytes, isLast);
        return true;
    }

    private static ValueTask<Reply> Ask(LiveRedis live, RedisCommand command, bool isEntered)
    {
        if (!isEntered)
        {
            return default;
        }

        var question = new AwaitedQuestion(live.Uptime);
        live.Wire.Send(question, command.Bytes);
        return question.Task;
    }

    private static async ValueTask<Reply> EnterAsync(LiveRedis live, RedisCommand command, ValueTask<bool> entering) =>
        await Ask(live, command, await entering);

    private async Task RunAsync(Task before, RedisAddress address, CancellationToken stop)
    {
        await before;
        var watch = new RedisWatch(time, connector.Logger, address);
        ConnectionMultiplexer? connection = null;
        while (!stop.IsCancellationRequested)
        {
            var uptime = new Uptime(time, _patience);
            RedisWire wire;
            try
            {
                connection ??= await connector.ConnectAsync(address, Key, _handlers, stop);
                await connector.ProbeAsync(connection, Key("probe"), Clock, _patience, stop);
                wire = await connector.OpenWireAsync(connection, address, Key("until"), uptime, stop);
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

            ComeUp(wire, uptime, connection);
            watch.CameUp();
            TellUp();
            await StayAsync(connection, uptime, stop);
            _live = null;
            wire.Dispose();
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

    private static string NamePrefix(RedisOptions options) => $"{{{options.Prefix}}}:";

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

    private sealed record LiveRedis(ConnectionMultiplexer? Connection, RedisWire Wire, Uptime Uptime);
}
