using LlmProxy.Accounting.Journal;

namespace LlmProxy.Accounting;

internal static class AccountingSetup
{
    public static IServiceCollection AddAccounting(this IServiceCollection services)
    {
        services.AddSingleton<CallJournal>();
        services.AddSingleton<UsageLedger>();
        return services;
    }
}
