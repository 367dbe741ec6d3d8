using LlmProxy.Accounting.Journal;
using LlmProxy.Accounting.Ledger;

namespace LlmProxy.Accounting;

internal static class AccountingSetup
{
    public static IServiceCollection AddAccounting(this IServiceCollection services)
    {
        services.AddSingleton<CallJournal>();
        services.AddSingleton<UsageLedger>();
        services.AddSingleton<LedgerGauges>();
        services.AddSingleton<LedgerRetention>();
        services.AddSingleton<LedgerService>();
        services.AddHostedService(static provider => provider.GetRequiredService<LedgerService>());
        return services;
    }
}
