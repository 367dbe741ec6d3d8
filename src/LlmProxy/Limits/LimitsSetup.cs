using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LlmProxy.Limits;

internal static class LimitsSetup
{
    public static IServiceCollection AddLimits(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<LimitGate>();
        services.AddSingleton<Bulkhead>();
        services.AddSingleton<BufferBudget>();
        return services;
    }
}
