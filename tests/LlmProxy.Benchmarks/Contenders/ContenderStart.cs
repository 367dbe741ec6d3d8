using System.Diagnostics;
using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks.Contenders;

/// <summary>Starts contenders as processes of their own and waits until they answer.</summary>
internal sealed class ContenderStart(Workplace place, int upstreamPort)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Starts one; null when it is not installed. Throws <see cref="ContenderException"/> when it does not come up.</summary>
    public async Task<Contender?> StartAsync(string name, GatewaySize size, CancellationToken ct)
    {
        Contender? contender = Launch(name, size);
        if (contender is null)
        {
            return null;
        }
        try
        {
            await WaitForAnswerAsync(contender, ct);
        }
        catch
        {
            await contender.DisposeAsync();
            throw;
        }
        contender.FindWorkers();
        return contender;
    }

    /// <summary>Starts a Redis for a gateway to count in; null when it is not installed.</summary>
    public Task<RedisProcess?> StartRedisAsync(CancellationToken ct) => RedisProcess.StartAsync(place, ct);

    /// <summary>Starts one without waiting for it.</summary>
    public Contender? Launch(string name, GatewaySize size)
    {
        int port = FreePort.Next();
        ChildProcess? process = name switch
        {
            ContenderNames.Nginx => NginxConfiguration.Start(place, port, upstreamPort),
            ContenderNames.Gateway => GatewayConfiguration.Start(place, port, upstreamPort, size),
            _ => place.StartRole(name, "yarp", port, upstreamPort),
        };
        return process is null ? null : new Contender(size.NameOf(name), port, process);
    }

    /// <summary>Asks again and again until the first right answer.</summary>
    public static async Task WaitForAnswerAsync(Contender contender, CancellationToken ct)
    {
        long started = Stopwatch.GetTimestamp();
        string? last = null;
        while (Stopwatch.GetElapsedTime(started) < Patience)
        {
            ct.ThrowIfCancellationRequested();
            if (contender.HasExited)
            {
                throw new ContenderException($"{contender.Name} ended before its first answer. It said:\n{contender.LogTail()}");
            }
            OneAnswer answer = OneAnswer.Ask(contender.Port, BenchRequest.Hello);
            if (answer.Wrong is null)
            {
                return;
            }
            last = answer.Wrong;
            await Task.Delay(5, ct);
        }
        throw new ContenderException($"{contender.Name} gave no right answer in {Patience.TotalSeconds:0} s (last: {last}). It said:\n{contender.LogTail()}");
    }
}
