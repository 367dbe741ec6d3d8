using LlmProxy.Accounting.Journal;
using LlmProxy.Caching;
using LlmProxy.Configuration.Options;
using LlmProxy.Forwarding;
using LlmProxy.Hosting;
using LlmProxy.Limits;
using LlmProxy.Redis;
using LlmProxy.Storage;
using LlmProxy.Telemetry.Logs;
using Yarp.ReverseProxy;

namespace LlmProxy.Configuration;

/// <summary>Brings a configuration into force: at the start, and again whenever a watched file changes. A broken change changes nothing.</summary>
internal sealed class GatewayConfigurator(
    GatewayBoot boot,
    GatewayConfigProvider provider,
    SnapshotBuilder builder,
    SnapshotHolder holder,
    StartProbes probes,
    BufferBudget budget,
    AnswerCache cache,
    DatabaseKeeper database,
    CallJournal journal,
    RedisLink redis,
    BoundAddresses addresses,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<ConfigurationWatcher> watcherLogger,
    ILogger<GatewayConfigurator> logger) : IDisposable
{
    private static readonly TimeSpan BannerPatience = TimeSpan.FromSeconds(2);

    private LogLevels? _levels;
    private ConfigurationWatcher? _watcher;

    /// <summary>Must be done before YARP is mapped: it asks for its clusters then.</summary>
    public void ApplyFirst(GatewayBoot first, LogLevels levels)
    {
        _levels = levels;
        Apply(first.Loaded, first.Urls.Where(u => !IsMetrics(u, first.Loaded.Options)));
    }

    /// <summary>The addresses are open: look at the LLMs, say what is served, watch the files.</summary>
    public void Serve()
    {
        foreach (string warning in boot.Loaded.Warnings)
        {
            logger.ConfigurationWarning(warning);
        }

        _ = ShowBannerAsync(boot.Loaded.Sources);
        database.Begin(lifetime.ApplicationStopped); // The last rows are shipped when the last calls have ended.
        _watcher = new ConfigurationWatcher(boot.Reload, ApplyChange, boot.Loaded, time, watcherLogger);
        _ = _watcher.StartAsync(lifetime.ApplicationStopping);
    }

    /// <summary>Called by the watcher with a configuration that was read without mistakes; lines say why it cannot hold here.</summary>
    private IReadOnlyList<string> ApplyChange(LoadedConfiguration next)
    {
        if (StartRules.Decide(next.Options, addresses.ForClients, out string? refusal) is null)
        {
            return [refusal!];
        }

        Apply(next, addresses.ForClients);
        _ = probes.RunAsync(lifetime.ApplicationStopping);
        return [];
    }

    public void Dispose() => _watcher?.Dispose();

    private void Apply(LoadedConfiguration loaded, IEnumerable<string> urls)
    {
        List<string> listening = [.. urls];
        GatewayOptions options = loaded.Options;
        AuthMode mode = StartRules.Decide(options, listening, out _) ?? AuthMode.Keys;
        var implied = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        if (loaded.DummyIsImplied)
        {
            implied.Add("dummy");

            // Made-up answers are a help on one's own machine and a danger anywhere else.
            if (loaded.DatabaseIsConfigured || !listening.All(BoundAddresses.IsLoopback))
            {
                options.Llms.RemoveAll(llm => implied.Contains(llm.Name));
            }
        }

        budget.SetLimit(options.Limits.MaxBufferedBytes);
        cache.Apply(options.Cache);
        database.Use(options.Database, boot.Root);
        journal.Use(options.Journal, boot.Root);
        redis.Use(options.Redis);
        _levels?.Change(loaded.LogLevel ?? LogLevel.Information);
        provider.Apply(builder.Draft(new SnapshotDraft(options, mode, implied)));
    }

    private async Task ShowBannerAsync(IReadOnlyList<string> sources)
    {
        await Task.WhenAny(probes.RunAsync(lifetime.ApplicationStopping), Task.Delay(BannerPatience, time));
        if (!lifetime.ApplicationStopping.IsCancellationRequested)
        {
            foreach (string line in Banner.Lines(holder.Current, addresses.All, sources))
            {
                logger.ShowBanner(line);
            }
        }
    }

    private static bool IsMetrics(string url, GatewayOptions options) =>
        options.Metrics.Port > 0 && url.EndsWith($":{options.Metrics.Port}", StringComparison.Ordinal);
}
