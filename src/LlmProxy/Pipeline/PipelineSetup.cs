using LlmProxy.Pass;

namespace LlmProxy.Pipeline;

internal static class PipelineSetup
{
    public static IServiceCollection AddPipeline(this IServiceCollection services)
    {
        services.AddSingleton<CallRecorder>();
        services.AddSingleton<Admission>();
        services.AddSingleton<GatewayPipeline>();
        services.AddSingleton<PassPipeline>();
        return services;
    }
}
