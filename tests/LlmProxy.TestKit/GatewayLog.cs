namespace LlmProxy.TestKit;

/// <summary>Every line a gateway has printed, and a way to wait for one.</summary>
public sealed class GatewayLog
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly List<(Func<string, bool> Wanted, TaskCompletionSource<string> Found)> _waiting = [];

    /// <summary>All lines so far, output and error together, in the order they came.</summary>
    public string Text
    {
        get
        {
            lock (_gate)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _lines.Count;
            }
        }
    }

    /// <summary>The first line, from the given one on, that is wanted: at once when it has been printed, else when it is.</summary>
    public async Task<string> WaitForAsync(Func<string, bool> wanted, int from = 0, TimeSpan? deadline = null)
    {
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            for (int i = from; i < _lines.Count; i++)
            {
                if (wanted(_lines[i]))
                {
                    return _lines[i];
                }
            }

            _waiting.Add((wanted, found));
        }

        try
        {
            return await found.Task.WaitAsync(deadline ?? TimeSpan.FromSeconds(15));
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The line did not come. The log:\n{Text}");
        }
    }

    public Task<string> WaitForAsync(string part, int from = 0, TimeSpan? deadline = null) =>
        WaitForAsync(line => line.Contains(part, StringComparison.OrdinalIgnoreCase), from, deadline);

    internal void Add(string line)
    {
        lock (_gate)
        {
            _lines.Add(line);
            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                if (_waiting[i].Wanted(line))
                {
                    _waiting[i].Found.TrySetResult(line);
                    _waiting.RemoveAt(i);
                }
            }
        }
    }
}
