using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Configuration;

namespace LlmProxy.Configuration;

/// <summary>Swaps the snapshot in the moment YARP has applied the configuration it was drawn from.</summary>
internal sealed class SnapshotPublisher(IServiceProvider services, SnapshotBuilder builder, SnapshotHolder holder, ILogger<SnapshotPublisher> logger) : IConfigChangeListener
{
    private IProxyStateLookup? _lookup;

    public void ConfigurationLoadingFailed(IProxyConfigProvider configProvider, Exception exception) => logger.ConfigurationNotApplied(exception);

    public void ConfigurationLoaded(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
    }

    public void ConfigurationApplyingFailed(IReadOnlyList<IProxyConfig> proxyConfigs, Exception exception) => logger.ConfigurationNotApplied(exception);

    public void ConfigurationApplied(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
        // YARP's manager is both our caller and the look-up, so it cannot be a constructor's argument.
        _lookup ??= services.GetRequiredService<IProxyStateLookup>();
        foreach (IProxyConfig config in proxyConfigs)
        {
            if (config is GatewayProxyConfig own)
            {
                holder.Publish(builder.Build(own.Draft, _lookup));
            }
        }
    }
}

internal static partial class SnapshotLog
{
    [LoggerMessage(9011, LogLevel.Error, "The new configuration could not be applied; the last good one keeps serving")]
    public static partial void ConfigurationNotApplied(this ILogger logger, Exception exception);
}
