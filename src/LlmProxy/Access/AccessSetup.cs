namespace LlmProxy.Access;

internal static class AccessSetup
{
    public static IServiceCollection AddAccess(this IServiceCollection services)
    {
        services.AddSingleton<UnknownKeyBrake>();
        services.AddSingleton<KeyGate>();
        services.AddSingleton<AccessBook>();
        return services;
    }
}
