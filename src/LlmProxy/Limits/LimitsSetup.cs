using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LlmProxy.Limits;

internal static class LimitsSetup
{
    public static IServiceCollection AddLimits(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<UserHolders>(_ => new UserHolders());
        services.AddSingleton<SpendWatch>();
        services.AddSingleton<AlertPost>(services => new AlertPost(services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<AlertPost>>()));
        services.AddSingleton<AlertDesk>();
        services.AddHostedService(services => services.GetRequiredService<AlertDesk>());
        services.AddSingleton<LimitGate>();
        services.AddSingleton<ISpendReader, LedgerSpend>();
        services.AddSingleton<SpendKeeper>();
        services.AddHostedService(services => services.GetRequiredService<SpendKeeper>());
        services.AddSingleton<BudgetGauge>();
        services.AddSingleton<Bulkhead>();
        services.AddSingleton<BufferBudget>();
        return services;
    }
}
