using LlmProxy.Configuration.Sources;

namespace LlmProxy.Configuration;

internal enum PollOutcome
{
    Unchanged,
    Applied,

    /// <summary>Changed and broken; if it still is at the next poll it is refused. An editor may be half way through.</summary>
    Unsettled,
    Refused,
}

/// <summary>
/// Looks at the configuration's files twice a second and hands on what they say now, whole or not at all. Polling and
/// not a file system watcher: those miss swapped links, mounted volumes and editors that replace the file.
/// </summary>
/// <param name="load">Reads everything again.</param>
/// <param name="apply">Makes it live; answers what stands against it, and then has changed nothing.</param>
/// <param name="current">What is live now.</param>
/// <param name="time">The clock of the polls.</param>
/// <param name="logger">Told of every change, taken or refused.</param>
internal sealed class ConfigurationWatcher(
    Func<LoadedConfiguration> load,
    Func<LoadedConfiguration, IReadOnlyList<string>> apply,
    LoadedConfiguration current,
    TimeProvider time,
    ILogger<ConfigurationWatcher> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, FileState> _states = new(StringComparer.Ordinal);

    /// <summary>By path: the content that was last taken or refused.</summary>
    private Dictionary<string, string> _judged = Marks([current.WatchedFiles]);

    /// <summary>The broken content of the last poll, not yet refused.</summary>
    private Dictionary<string, string>? _unsettled;

    /// <summary>What is live now.</summary>
    public LoadedConfiguration Current { get; private set; } = current;

    public PollOutcome PollOnce()
    {
        Dictionary<string, string> now = Look();
        string[] changed = [.. now.Where(file => _judged[file.Key] != file.Value).Select(file => file.Key)];
        if (changed.Length == 0)
        {
            _unsettled = null;
            return PollOutcome.Unchanged;
        }

        LoadedConfiguration next = load();
        IReadOnlyList<string> mistakes = next.IsValid ? apply(next) : next.Mistakes;
        string files = string.Join(", ", changed);
        if (mistakes.Count == 0)
        {
            Accept(next, files);
            return PollOutcome.Applied;
        }

        if (_unsettled is null || !Same(_unsettled, now))
        {
            _unsettled = now;
            return PollOutcome.Unsettled;
        }

        // Files that only the refused one names are watched too: the mistake may be mended there.
        _judged = Marks([Current.WatchedFiles, [.. now.Select(file => new WatchedFile(file.Key, file.Value))], next.WatchedFiles]);
        _unsettled = null;
        logger.ConfigurationRefused(files, mistakes.Count, string.Join("\n  ", mistakes));
        return PollOutcome.Refused;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                PollSafely();
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private void PollSafely()
    {
        try
        {
            PollOnce();
        }
        catch (Exception failure)
        {
            // Whatever it was, the next poll must come: an exception here would stop the host.
            logger.ConfigurationFailed(failure);
        }
    }

    private void Accept(LoadedConfiguration next, string files)
    {
        string[] news = [.. next.Warnings.Except(Current.Warnings)];
        Current = next;
        _judged = Marks([next.WatchedFiles]);
        _unsettled = null;
        logger.ConfigurationApplied(files);
        foreach (string warning in news)
        {
            logger.ConfigurationWarning(warning);
        }
    }

    private Dictionary<string, string> Look()
    {
        var now = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in _judged.Keys)
        {
            FileState state = FileState.Read(path, _states.GetValueOrDefault(path));
            _states[path] = state;
            now[path] = state.Mark;
        }

        return now;
    }

    private static bool Same(Dictionary<string, string> a, Dictionary<string, string> b) =>
        a.Count == b.Count && a.All(file => b.TryGetValue(file.Key, out string? mark) && mark == file.Value);

    private static Dictionary<string, string> Marks(IEnumerable<IReadOnlyList<WatchedFile>> lists)
    {
        var marks = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (WatchedFile file in lists.SelectMany(list => list))
        {
            marks[file.Path] = file.Mark;
        }

        return marks;
    }
}
