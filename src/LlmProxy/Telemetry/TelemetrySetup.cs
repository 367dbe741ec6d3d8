using LlmProxy.Telemetry.Otlp;

namespace LlmProxy.Telemetry;

/// <summary>Puts meters and spans into the container. Reads OTEL_EXPORTER_OTLP_ENDPOINT: call it after .env was taken in.</summary>
internal static class TelemetrySetup
{
    public static IServiceCollection AddGatewayTelemetry(this IServiceCollection services)
    {
        services.AddSingleton<MetricsCollector>();
        services.AddSingleton(static provider => provider.GetRequiredService<MetricsCollector>().Metrics);
        services.AddSingleton<LlmGauges>();
        services.AddSingleton<MetricsEndpoint>();
        if (OtlpExport.IsWanted)
        {
            OtlpExport.Prepare();
            services.AddHostedService<OtlpExport>();
        }

        return services;
    }
}
