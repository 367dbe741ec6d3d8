using LlmProxy.Configuration;
using Microsoft.Extensions.Logging;

namespace LlmProxy.Tests.Configuration;

public sealed class ConfigurationWatcherTests : IDisposable
{
    private const string Good = """{ "Llms": [ { "Name": "a", "Provider": "openai", "Model": "m", "Auth": { "api_key": "file:key.txt" } } ] }""";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly OperatorFolder _folder = new();
    private readonly ListLogger _log = new();
    private readonly List<LoadedConfiguration> _applied = [];
    private IReadOnlyList<string> _against = [];

    public ConfigurationWatcherTests()
    {
        _folder.Write("key.txt", "one");
        _folder.WithConfigFile(Good);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Poll_WithoutAChange_DoesNothing()
    {
        using ConfigurationWatcher watcher = Watch();

        Assert.Equal(PollOutcome.Unchanged, watcher.PollOnce());
        File.SetLastWriteTimeUtc(_folder.PathOf("gateway.json"), new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equal(PollOutcome.Unchanged, watcher.PollOnce());
        Assert.Empty(_applied);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void Poll_AfterAChange_AppliesItOnce()
    {
        using ConfigurationWatcher watcher = Watch();
        _folder.WithConfigFile(Good.Replace("\"m\"", "\"n\"", StringComparison.Ordinal));

        Assert.Equal(PollOutcome.Applied, watcher.PollOnce());
        Assert.Equal(PollOutcome.Unchanged, watcher.PollOnce());
        Assert.Equal("n", Assert.Single(_applied).Llm("a").Model);
        Assert.Same(_applied[0], watcher.Current);
    }

    [Fact]
    public void Poll_AfterAChangeBetweenLoadAndStart_SeesIt()
    {
        LoadedConfiguration before = _folder.Load();
        _folder.WithConfigFile(Good.Replace("\"m\"", "\"n\"", StringComparison.Ordinal));
        using ConfigurationWatcher watcher = Watch(before);

        Assert.Equal(PollOutcome.Applied, watcher.PollOnce());
    }

    [Fact]
    public void Poll_AfterAReferencedFileChanged_AppliesItsNewContent()
    {
        using ConfigurationWatcher watcher = Watch();
        _folder.Write("key.txt", "two");

        Assert.Equal(PollOutcome.Applied, watcher.PollOnce());
        Assert.Equal("two", _applied[0].Llm("a").Auth.Get("api_key"));
    }

    [Fact]
    public void Poll_AfterABrokenChange_RefusesItAsAWholeAndSaysEverythingOnce()
    {
        using ConfigurationWatcher watcher = Watch();
        _folder.WithConfigFile("""{ "Limits": { "MaxParallel": "x", "QueueSecond": 1 }, "Llms": [ { "Name": "b", "Provider": "openai", "Model": "m" } ] }""");

        Assert.Equal(PollOutcome.Unsettled, watcher.PollOnce());
        Assert.Empty(_log.Lines);
        Assert.Equal(PollOutcome.Refused, watcher.PollOnce());
        Assert.Equal(PollOutcome.Unchanged, watcher.PollOnce());

        Assert.Empty(_applied);
        Assert.Equal("a", Assert.Single(watcher.Current.Options.Llms).Name);
        string line = Assert.Single(_log.Lines);
        Assert.StartsWith("Error:", line, StringComparison.Ordinal);
        Assert.Contains("LlmProxy:Limits:MaxParallel", line, StringComparison.Ordinal);
        Assert.Contains("LlmProxy:Limits:QueueSecond: is unknown", line, StringComparison.Ordinal);
        Assert.Contains("gateway.json", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Poll_WhileAnEditorIsHalfWayThrough_WaitsForTheRest()
    {
        using ConfigurationWatcher watcher = Watch();
        _folder.WithConfigFile(Good[..20]);
        Assert.Equal(PollOutcome.Unsettled, watcher.PollOnce());
        _folder.WithConfigFile(Good[..40]);
        Assert.Equal(PollOutcome.Unsettled, watcher.PollOnce());
        File.Delete(_folder.PathOf("gateway.json"));
        Assert.Equal(PollOutcome.Unsettled, watcher.PollOnce());
        _folder.WithConfigFile(Good + " ");

        Assert.Equal(PollOutcome.Applied, watcher.PollOnce());
        Assert.DoesNotContain(_log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public void Poll_AfterARefusalMendedElsewhere_Applies()
    {
        using ConfigurationWatcher watcher = Watch();
        _folder.WithConfigFile("""{ "Redis": { "Connection": "file:redis.txt" } }""");
        watcher.PollOnce();
        Assert.Equal(PollOutcome.Refused, watcher.PollOnce());
        _folder.Write("redis.txt", "localhost:6379");

        Assert.Equal(PollOutcome.Applied, watcher.PollOnce());
        Assert.Equal("localhost:6379", _applied[0].Options.Redis.Connection);
    }

    [Fact]
    public void Poll_AfterARefusalThatNoLongerNamesAChangedFile_SaysItOnce()
    {
        using ConfigurationWatcher watcher = Watch();
        _folder.Write("key.txt", "two");
        _folder.WithConfigFile("""{ "Nonsense": 1 }""");
        watcher.PollOnce();

        Assert.Equal(PollOutcome.Refused, watcher.PollOnce());
        Assert.Equal(PollOutcome.Unchanged, watcher.PollOnce());
        Assert.Single(_log.Lines);
    }

    [Fact]
    public void Poll_WhenWhoeverAppliesItRefuses_KeepsTheLastGood()
    {
        using ConfigurationWatcher watcher = Watch();
        _against = ["not on this address"];
        _folder.WithConfigFile(Good + " ");

        watcher.PollOnce();
        Assert.Equal(PollOutcome.Refused, watcher.PollOnce());
        Assert.Contains("not on this address", Assert.Single(_log.Lines), StringComparison.Ordinal);
        Assert.Empty(_applied);
    }

    [Fact]
    public void Poll_AfterAnAppSettingsFileAppears_ReadsIt()
    {
        using ConfigurationWatcher watcher = Watch();
        _folder.Write("appsettings.json", """{ "LlmProxy": { "Limits": { "MaxParallel": 3 }, "Guards": { "Webhook": { "On": "both" } } } }""");

        Assert.Equal(PollOutcome.Applied, watcher.PollOnce());
        Assert.Equal(3, watcher.Current.Options.Limits.MaxParallel);
        Assert.Contains(_log.Lines, line => line.StartsWith("Warning: Configuration: LlmProxy:Guards:Webhook: has no Url", StringComparison.Ordinal));
    }

    [Fact]
    public void Poll_AfterALinkAboveTheFileWasSwapped_SeesTheOtherFile()
    {
        // As mounted volumes do it: gateway.json -> ..data/gateway.json, ..data -> a directory with a date.
        string path = _folder.Write("..one/gateway.json", Good);
        _folder.Write("..two/gateway.json", Good.Replace("\"m\"", "\"n\"", StringComparison.Ordinal));
        _folder.Write("..two/key.txt", "x");
        File.SetLastWriteTimeUtc(_folder.PathOf("..two/gateway.json"), File.GetLastWriteTimeUtc(path));
        File.Delete(_folder.PathOf("gateway.json"));
        Directory.CreateSymbolicLink(_folder.PathOf("..data"), "..one");
        File.CreateSymbolicLink(_folder.PathOf("gateway.json"), "..data/gateway.json");
        using ConfigurationWatcher watcher = Watch();
        Assert.Equal(PollOutcome.Unchanged, watcher.PollOnce());

        Directory.CreateSymbolicLink(_folder.PathOf("..next"), "..two");
        Directory.Delete(_folder.PathOf("..data"));
        Directory.Move(_folder.PathOf("..next"), _folder.PathOf("..data"));

        Assert.Equal(PollOutcome.Applied, watcher.PollOnce());
        Assert.Equal("n", watcher.Current.Llm("a").Model);
    }

    [Fact]
    public void Poll_WithLinksInACircle_IsAFileThatIsNotThere()
    {
        using ConfigurationWatcher watcher = Watch();
        File.Delete(_folder.PathOf("gateway.json"));
        File.CreateSymbolicLink(_folder.PathOf("gateway.json"), "gateway.json");

        Assert.Equal(PollOutcome.Unsettled, watcher.PollOnce());
        Assert.Equal(PollOutcome.Refused, watcher.PollOnce());
    }

    [Fact]
    public async Task Service_PollsAtItsIntervalAndSurvivesAFailure()
    {
        var time = new ManualTime();
        var failed = new TaskCompletionSource();
        var applied = new TaskCompletionSource();
        using var watcher = new ConfigurationWatcher(
            () => failed.TrySetResult() ? throw new InvalidOperationException("unlucky") : _folder.Load(),
            next =>
            {
                applied.SetResult();
                return [];
            },
            _folder.Load(),
            time,
            _log);
        await watcher.StartAsync(CancellationToken.None);
        _folder.WithConfigFile(Good + " ");

        await time.Started.WaitAsync(Patience);
        time.Tick();
        await failed.Task.WaitAsync(Patience);
        time.Tick();
        await applied.Task.WaitAsync(Patience);
        await watcher.StopAsync(CancellationToken.None);

        Assert.Equal(ConfigurationWatcher.Interval, time.Period);
        Assert.Contains(_log.Lines, line => line.StartsWith("Error: Reading the configuration again failed", StringComparison.Ordinal));
    }

    private ConfigurationWatcher Watch(LoadedConfiguration? current = null) => new(
        _folder.Load,
        next =>
        {
            if (_against.Count == 0)
            {
                _applied.Add(next);
            }

            return _against;
        },
        current ?? _folder.Load().WithoutMistakes(),
        TimeProvider.System,
        _log);

    private sealed class ListLogger : ILogger<ConfigurationWatcher>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add($"{logLevel}: {formatter(state, exception)}");
    }

    /// <summary>A clock whose one timer fires when it is told to.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private readonly TaskCompletionSource<Action> _timer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TimeSpan Period { get; private set; }

        public Task Started => _timer.Task;

        public void Tick() => _timer.Task.Result();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Period = period;
            _timer.SetResult(() => callback(state));
            return new NoTimer();
        }

        private sealed class NoTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
