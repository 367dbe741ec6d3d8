using LlmProxy.Routing;

namespace LlmProxy.Storage;

internal static class StorageSetup
{
    public static IServiceCollection AddStorage(this IServiceCollection services)
    {
        services.AddSingleton<ManualDefault>();
        services.AddSingleton<SettingStore>();
        services.AddSingleton<DatabaseKeeper>();
        return services;
    }
}
