using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>What operators and their dashboards look at.</summary>
public sealed partial class HealthAndMetricsTests(HealthAndMetricsTests.Fixture fixture) : IClassFixture<HealthAndMetricsTests.Fixture>
{
    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task Probe_OfAServingGateway_Is200(string path)
    {
        Assert.Equal(200, (await fixture.Client.FetchAsync(path)).Status);
    }

    [Fact]
    public async Task Providers_AreShownWithTheirStateAndNoSecrets()
    {
        Reply reply = await fixture.Client.FetchAsync("/health/providers");

        Expect.Ok(reply);
        foreach (string name in (string[])["seen", "dead", "keyless"])
        {
            Assert.Contains($"\"{name}\"", reply.Text, StringComparison.Ordinal);
        }

        Assert.Contains("NO_SUCH_VARIABLE", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-metrics-secret", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Llm_WithoutItsCredential_IsUnavailableAndSaysWhy()
    {
        Reply reply = await fixture.Client.ChatAsync("keyless");

        string message = Expect.Error(reply, 503, "no_healthy_provider");
        Assert.Contains("NO_SUCH_VARIABLE", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_AfterCalls_CountThem()
    {
        Dictionary<string, double> before = await SeriesAsync();
        Expect.Ok(await fixture.Client.ChatAsync("seen"));
        Expect.Ok(await fixture.Client.ChatAsync("seen"));
        await using (StreamReply stream = await fixture.Client.StreamChatAsync("seen"))
        {
            Expect.WholeStream(await stream.Events.RestAsync());
        }

        Expect.Ok(await fixture.Client.ChatAsync("rescued"));
        Assert.Equal(502, (await fixture.Client.ChatAsync("dead")).Status);

        Dictionary<string, double> after = await SeriesAsync(s => Value(s, "llm_requests_total", "model=\"dead\"") - Value(before, "llm_requests_total", "model=\"dead\"") >= 1);
        double Grown(string name, params string[] labels) => Value(after, name, labels) - Value(before, name, labels);
        Assert.Equal(4, Grown("llm_requests_total", "backend=\"custom\"", "model=\"seen\"", "status=\"200\""));
        Assert.Equal(1, Grown("llm_requests_total", "model=\"dead\"", "status=\"502\""));
        Assert.Equal(4, Grown("llm_request_duration_seconds_count", "model=\"seen\""));
        Assert.Equal(1, Grown("llm_time_to_first_token_seconds_count", "model=\"seen\""));
        Assert.Equal(4 * 9, Grown("llm_tokens_used_total", "model=\"seen\"", "type=\"prompt\""));
        Assert.Equal(4 * 5, Grown("llm_tokens_used_total", "model=\"seen\"", "type=\"completion\""));
        Assert.Equal(4 * 4, Grown("llm_tokens_detail_total", "model=\"seen\"", "class=\"cached\""));
        Assert.True(Grown("llm_errors_total", "error_type=\"provider_unreachable\"") >= 1);
        Assert.True(Grown("llm_attempts_total", "model=\"dead\"") >= 2);
        Assert.True(Grown("llm_fallbacks_total", "from=\"dead\"", "to=\"seen\"") >= 1);
        Assert.True(Grown("llm_gateway_overhead_seconds_count") >= 5);
    }

    [Fact]
    public async Task Metrics_OfModelsThatClientsMakeUp_DoNotGrow()
    {
        for (int i = 0; i < 5; i++)
        {
            await fixture.Client.ChatAsync($"made-up-{i}");
        }

        Assert.DoesNotContain("made-up", (await fixture.Client.FetchAsync("/metrics")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_AreWhatPrometheusReads()
    {
        await fixture.Client.ChatAsync("seen");

        Reply reply = await fixture.Client.FetchAsync("/metrics");

        Expect.Ok(reply);
        Assert.Equal("text/plain", reply.MediaType);
        Assert.All(reply.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.True(line[0] == '#' || SeriesLine().IsMatch(line), line));
    }

    [Fact]
    public async Task Swagger_DescribesTheEndpoints()
    {
        Reply page = await fixture.Client.FetchAsync("/swagger/index.html");
        Reply document = await fixture.Client.FetchAsync("/swagger/v1/swagger.json");

        Expect.Ok(page);
        Expect.Ok(document);
        JsonObject paths = document.Json["paths"]!.AsObject();
        Assert.All(["/v1/chat/completions", "/v1/embeddings", "/v1/models", "/health/ready"], path => Assert.True(paths.ContainsKey(path), path));
    }

    [Fact]
    public async Task Metadata_AskedFor_TheAnswerSaysHowItCameAbout()
    {
        Reply reply = await fixture.Client.ChatAsync("rescued", ("x-llm-metadata", "true"));

        Expect.Ok(reply);
        JsonObject llm = Assert.IsType<JsonObject>(reply.Json["llm"]);
        Assert.Equal("custom", llm["provider"]?.ToString());
        Assert.Equal("seen", llm["model"]?.ToString());
        Assert.NotNull(llm["usage"]);
        Assert.NotNull(llm["latency_ms"]);
        Assert.NotNull(llm["timestamp"]);
        Assert.NotNull(llm["attempts"]);
    }

    [Fact]
    public async Task PlainAnswer_CarriesItsTimes()
    {
        Reply reply = await fixture.Client.ChatAsync("seen");

        Assert.True(double.TryParse(reply.Header("x-llm-latency-ms"), CultureInfo.InvariantCulture, out _), reply.Header("x-llm-latency-ms"));
        Assert.True(double.TryParse(reply.Header("x-llm-overhead-ms"), CultureInfo.InvariantCulture, out _), reply.Header("x-llm-overhead-ms"));
    }

    private async Task<Dictionary<string, double>> SeriesAsync(Func<Dictionary<string, double>, bool>? until = null)
    {
        // A call is counted when it has ended, which may be a moment after its client has read the answer.
        for (int i = 0; ; i++)
        {
            var series = new Dictionary<string, double>(StringComparer.Ordinal);
            foreach (string line in (await fixture.Client.FetchAsync("/metrics")).Text.Split('\n').Where(l => l.Length > 0 && l[0] != '#'))
            {
                Match match = SeriesLine().Match(line);
                series[match.Groups["series"].Value] = double.Parse(match.Groups["value"].Value.Replace("+Inf", "Infinity", StringComparison.Ordinal), CultureInfo.InvariantCulture);
            }

            if (until is null || until(series) || i > 100)
            {
                return series;
            }

            await Task.Delay(20);
        }
    }

    private static double Value(Dictionary<string, double> series, string name, params string[] labels) =>
        series.Where(s => s.Key.StartsWith(name, StringComparison.Ordinal) && (s.Key.Length == name.Length || s.Key[name.Length] == '{')
            && labels.All(l => s.Key.Contains(l, StringComparison.Ordinal))).Sum(s => s.Value);

    [GeneratedRegex("""^(?<series>[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^}]*\})?) (?<value>[-+0-9.eE]+|NaN|[-+]Inf)( [0-9]+)?$""")]
    private static partial Regex SeriesLine();

    public sealed class Fixture : GatewayFixture, IDisposable
    {
        private readonly ClosedPort _closed = new();

        public void Dispose() => _closed.Dispose();

        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "seen", Provider = "custom", Model = "seen-model", Upstream.BaseUrl, Auth = new { api_key = "sk-metrics-secret" } },
                    new { Name = "dead", Provider = "custom", Model = "dead-model", BaseUrl = _closed.Address + "/v1" },
                    new { Name = "keyless", Provider = "openai", Model = "keyless-model", Auth = new { api_key_env = "NO_SUCH_VARIABLE" } },
                },
                Chains = new { rescued = new[] { "dead", "seen" } },
                Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
            }),
        };
    }
}
