using LlmProxy.Telemetry.Prometheus;

namespace LlmProxy.Telemetry;

/// <summary>Answers GET /metrics in Prometheus' text format. Who may read it is decided before.</summary>
internal sealed class MetricsEndpoint(MetricsCollector collector)
{
    private const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public async Task HandleAsync(HttpContext http)
    {
        PrometheusExporter exporter = await collector.WhenReadyAsync();
        http.Response.ContentType = ContentType;
        if (!exporter.TryScrape(http.Response.BodyWriter))
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            http.Response.ContentType = null;
            return;
        }

        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }
}
