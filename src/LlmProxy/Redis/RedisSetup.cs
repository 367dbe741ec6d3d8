namespace LlmProxy.Redis;

internal static class RedisSetup
{
    public static IServiceCollection AddRedis(this IServiceCollection services)
    {
        services.AddSingleton<RedisConnector>();
        services.AddSingleton<RedisLink>();
        return services;
    }
}
