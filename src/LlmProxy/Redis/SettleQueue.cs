using System.Threading.Channels;
using StackExchange.Redis;

namespace LlmProxy.Redis;

/// <summary>A call that is over, and what it truly used.</summary>
internal sealed record Settlement(Guid Call, long Units, long Tokens)
{
    /// <summary>Set where Redis may never have heard of the call: it is then told of it and of its end together.</summary>
    public RedisHold? Unsure { get; init; }
}

/// <summary>Tells Redis what has ended: no call waits for it, many go in one step, and what is sent again counts once.</summary>
internal sealed class SettleQueue : IAsyncDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastChance = TimeSpan.FromSeconds(2);
    private static readonly RedisScript Settle = RedisScript.Load("common", "settle");
    private const int MostAtOnce = 128;

    private readonly Channel<Settlement> _ended = Channel.CreateUnbounded<Settlement>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly RedisLink _link;
    private readonly TimeProvider _time;
    private readonly Task _running;

    public SettleQueue(RedisLink link, TimeProvider time)
    {
        (_link, _time) = (link, time);
        _running = Task.Run(RunAsync);
    }

    /// <summary>The adoption of calls that Redis may never have heard of; set by who knows how.</summary>
    public Func<Settlement, ValueTask<bool>>? TellUnsure { get; set; }

    public void Add(Settlement ended) => _ended.Writer.TryWrite(ended);

    public async ValueTask DisposeAsync()
    {
        _ended.Writer.TryComplete();
        await Task.WhenAny(_running, Task.Delay(_link.IsUp ? LastChance : TimeSpan.Zero, _time));
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        List<Settlement> some = [];
        try
        {
            while (await _ended.Reader.WaitToReadAsync(_stop.Token))
            {
                while (some.Count < MostAtOnce && _ended.Reader.TryRead(out Settlement? next))
                {
                    some.Add(next);
                }

                while (!await TellAsync(some))
                {
                    await Task.Delay(Retry, _time, _stop.Token);
                }

                some.Clear();
            }
        }
        catch (OperationCanceledException)
        {
            // What was not told expires by itself; the books have it.
        }
    }

    private async ValueTask<bool> TellAsync(List<Settlement> some)
    {
        for (int i = some.Count - 1; i >= 0; i--)
        {
            if (some[i].Unsure is not null)
            {
                if (!await TellUnsure!(some[i]))
                {
                    return false;
                }

                some.RemoveAt(i);
            }
        }

        if (some.Count == 0)
        {
            return true;
        }

        var keys = new RedisKey[3];
        HeldCalls.NameKeys(_link, keys);
        var values = new RedisValue[some.Count * 3];
        for (int i = 0; i < some.Count; i++)
        {
            values[i * 3] = HeldCalls.IdOf(some[i].Call);
            values[(i * 3) + 1] = some[i].Units;
            values[(i * 3) + 2] = some[i].Tokens;
        }

        return await _link.TryEvaluateAsync(Settle, keys, values) is not null;
    }
}
