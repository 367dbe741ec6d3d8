using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LlmProxy.Caching;

internal static class CachingSetup
{
    public static IServiceCollection AddCaching(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<AnswerCache>();
        services.AddSingleton<AnswerShelf>();
        return services;
    }
}
