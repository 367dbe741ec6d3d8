namespace LlmProxy.Configuration;

internal static class ConfigurationSetup
{
    public static IServiceCollection AddGatewayConfiguration(this IServiceCollection services)
    {
        services.AddSingleton<SnapshotHolder>();
        services.AddSingleton<SnapshotBuilder>();
        services.AddSingleton<GatewayConfigProvider>();
        services.AddSingleton<GatewayConfigurator>();
        return services;
    }
}
