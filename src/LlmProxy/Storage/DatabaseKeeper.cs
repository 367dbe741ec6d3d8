using LlmProxy.Configuration.Options;

namespace LlmProxy.Storage;

/// <summary>
/// Keeps the database at hand: opens it behind the start, brings its tables up to date, listens for what other replicas
/// decided, and when it is away tries again with growing pauses. Nothing that serves a call waits for it.
/// </summary>
internal sealed class DatabaseKeeper(SettingStore settings, TimeProvider time, ILogger<DatabaseKeeper> logger) : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private const string NotYetOpened = "it has not been opened yet";

    private readonly Lock _gate = new();
    private LastGood? _lastGood;
    private DatabaseTarget? _target;
    private CancellationTokenSource? _stop;
    private CancellationToken _stopping;
    private Task _running = Task.CompletedTask;
    private bool _hasBegun;
    private volatile IDatabase? _database;
    private volatile string _whyAway = NotYetOpened;

    /// <summary>Null while it is away.</summary>
    public IDatabase? Current => _database;

    /// <summary>It was opened, or could not be.</summary>
    public bool WasTried => _database is not null || _whyAway != NotYetOpened;

    /// <summary>Says which database and what is wrong with it; no credentials.</summary>
    public string WhyAway => $"{_target?.Label}: {_whyAway}";

    /// <summary>Called with every configuration: remembers where the database is, and at the first time what it last said.</summary>
    public void Use(DatabaseOptions options, string root)
    {
        var target = DatabaseTarget.Parse(options.Connection, root);
        lock (_gate)
        {
            if (_target == target)
            {
                return;
            }

            bool isFirst = _target is null;
            _target = target;
            _lastGood ??= new LastGood(Path.Combine(root, "data", "last-good"), logger);
            if (isFirst)
            {
                settings.Take(_lastGood.Read(target));
            }
            else if (_hasBegun)
            {
                Run_NeedsLock(target);
            }
        }
    }

    /// <summary>The gateway serves: now there is time for the database.</summary>
    public void Begin(CancellationToken stopping)
    {
        lock (_gate)
        {
            _hasBegun = true;
            _stopping = stopping;
            Run_NeedsLock(_target!);
        }
    }

    /// <summary>After a change made here: a start without the database is to know it too.</summary>
    public void Remember()
    {
        if (_target is { } target)
        {
            _lastGood?.Write(target, settings.Everything);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _stop?.Cancel();
        await _running;
        _stop?.Dispose();
    }

    private void Run_NeedsLock(DatabaseTarget target)
    {
        Task before = _running;
        _stop?.Cancel();
        var stop = CancellationTokenSource.CreateLinkedTokenSource(_stopping);
        _stop = stop;
        _running = Task.Run(() => RunAsync(before, target, stop.Token), CancellationToken.None);
    }

    private async Task RunAsync(Task before, DatabaseTarget target, CancellationToken stop)
    {
        await before;
        TimeSpan pause = ShortestPause;
        bool isSaid = false;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using IDatabase database = Open(target);
                int schema = await Migrator.RunAsync(database, time, stop);
                await TakeNewsAsync(database, stop);
                logger.DatabaseReady(target.Label, schema);
                _database = database;
                (pause, isSaid) = (ShortestPause, false);
                await ListenAsync(database, stop);
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                _whyAway = e.Message;
                Say(target, e.Message, isSaid);
                isSaid = true;
            }
            finally
            {
                _database = null;
            }

            await Task.WhenAny(Task.Delay(pause, time, stop));
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async Task ListenAsync(IDatabase database, CancellationToken stop)
    {
        while (true)
        {
            // Nobody else writes into a file of our own.
            await Task.Delay(database.IsShared ? Poll : Timeout.InfiniteTimeSpan, time, stop);
            await TakeNewsAsync(database, stop);
        }
    }

    private async Task TakeNewsAsync(IDatabase database, CancellationToken stop)
    {
        if (await settings.RefreshAsync(database, stop))
        {
            logger.SettingsHeard(string.Join(", ", settings.Everything.Select(setting => $"{setting.Name} = {setting.Value}").DefaultIfEmpty("none")));
            Remember();
        }
    }

    private void Say(DatabaseTarget target, string reason, bool isSaid)
    {
        if (isSaid)
        {
            logger.DatabaseStillAway(target.Label, reason);
        }
        else
        {
            logger.DatabaseAway(target.Label, reason);
        }
    }

    private static IDatabase Open(DatabaseTarget target)
    {
        UtcMoments.Install();
        return target.Kind == DatabaseKind.Sqlite ? new SqliteDatabase(target) : new PostgresDatabase(target);
    }
}
