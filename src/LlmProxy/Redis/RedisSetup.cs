using LlmProxy.Limits;

namespace LlmProxy.Redis;

internal static class RedisSetup
{
    public static IServiceCollection AddRedis(this IServiceCollection services)
    {
        services.AddSingleton<RedisConnector>();
        services.AddSingleton<RedisLink>();
        services.AddSingleton<SettleQueue>();
        services.AddSingleton<HeldCalls>();
        services.AddSingleton<SpendAccounts>();
        services.AddSingleton<ISharedLimits, SharedLimits>();
        return services;
    }
}
