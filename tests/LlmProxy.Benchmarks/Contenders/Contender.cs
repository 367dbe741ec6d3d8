using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks.Contenders;

/// <summary>One running proxy between the load and the upstream.</summary>
internal sealed class Contender(string name, int port, ChildProcess process) : IAsyncDisposable
{
    private IReadOnlyList<int> _processes = [process.Id];

    public string Name => name;

    public int Port => port;

    public int ProcessId => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>Counts the workers that the process has started by now as part of it.</summary>
    public void FindWorkers() => _processes = [process.Id, .. ProcFile.ChildrenOf(process.Id)];

    public TimeSpan ProcessorTime()
    {
        ThrowIfGone();
        TimeSpan sum = TimeSpan.Zero;
        foreach (int id in _processes)
        {
            sum += ProcFile.ProcessorTime(id);
        }
        return sum;
    }

    public long ResidentBytes()
    {
        ThrowIfGone();
        return _processes.Sum(ProcFile.ResidentBytes);
    }

    public string LogTail() => process.LogTail();

    public ValueTask DisposeAsync() => process.DisposeAsync();

    private void ThrowIfGone()
    {
        if (HasExited)
        {
            throw new ContenderException($"{name} ended in the middle of a measurement. It said:\n{LogTail()}");
        }
    }
}
