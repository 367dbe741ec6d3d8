namespace LlmProxy.Guards;

internal static class GuardsSetup
{
    public static IServiceCollection AddGuards(this IServiceCollection services)
    {
        services.AddSingleton<GuardWebhook>();
        services.AddSingleton<InputGuard>();
        return services;
    }
}
