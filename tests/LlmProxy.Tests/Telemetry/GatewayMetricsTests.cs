using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Telemetry;

namespace LlmProxy.Tests.Telemetry;

public sealed class GatewayMetricsTests : IDisposable
{
    private readonly GatewayMetrics _metrics = new();

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public void CallEnded_StreamedSuccess_TellsEachSeriesOnce()
    {
        using Measurements measurements = new(_metrics.Meter);
        CallFigures call = new()
        {
            Status = 200,
            Duration = TimeSpan.FromMilliseconds(812),
            FirstToken = TimeSpan.FromMilliseconds(231),
            Overhead = TimeSpan.FromMicroseconds(300),
            Queued = TimeSpan.FromMilliseconds(4),
            Usage = new TokenUsage(FreshInput: 200, CachedInput: 900, CacheWrite: 100, Output: 87, Reasoning: 40),
            CostUsd = 0.0042m,
            Workspace = "team-a",
        };

        _metrics.CallEnded(_metrics.For("openai", "gpt-4o-eu"), call);

        Assert.Equal(
            [
                "llm_request_duration_seconds{backend=openai,model=gpt-4o-eu} 0.812",
                "llm_time_to_first_token_seconds{backend=openai,model=gpt-4o-eu} 0.231",
                "llm_gateway_overhead_seconds{} 0.0003",
                "llm_queue_seconds{} 0.004",
            ],
            measurements.Seen);
        Assert.Equal(
            [
                "llm_requests_total{backend=openai,model=gpt-4o-eu,status=200} 1",
                "llm_tokens_used_total{backend=openai,model=gpt-4o-eu,type=prompt} 1200",
                "llm_tokens_used_total{backend=openai,model=gpt-4o-eu,type=completion} 87",
                "llm_tokens_detail_total{backend=openai,model=gpt-4o-eu,class=fresh} 200",
                "llm_tokens_detail_total{backend=openai,model=gpt-4o-eu,class=cached} 900",
                "llm_tokens_detail_total{backend=openai,model=gpt-4o-eu,class=cache_write} 100",
                "llm_tokens_detail_total{backend=openai,model=gpt-4o-eu,class=reasoning} 40",
                "llm_cost_usd_total{backend=openai,model=gpt-4o-eu,workspace=team-a} 0.0042",
            ],
            measurements.Observe());
    }

    [Fact]
    public void CallEnded_RefusedBeforeAnyLlm_IsLabelledNone()
    {
        using Measurements measurements = new(_metrics.Meter);

        _metrics.CallEnded(_metrics.None, new CallFigures { Status = 401, Duration = TimeSpan.FromMilliseconds(1), Error = ErrorCode.InvalidApiKey });

        Assert.Equal(
            [
                "llm_request_duration_seconds{backend=none,model=none} 0.001",
                "llm_errors_total{backend=none,error_type=invalid_api_key} 1",
            ],
            measurements.Seen);
        Assert.Equal(["llm_requests_total{backend=none,model=none,status=401} 1"], measurements.Observe());
    }

    [Fact]
    public void SmallEvents_EachOnce_CarryTheContractsLabels()
    {
        using Measurements measurements = new(_metrics.Meter);
        LlmTags first = _metrics.For("openai", "gpt-4o");
        LlmTags second = _metrics.For("anthropic", "claude");

        _metrics.AttemptEnded(first, "timeout");
        _metrics.FellBack(first, second, "timeout");
        _metrics.RateLimited("requests");
        _metrics.CacheHit(second);
        _metrics.Used(first, new TokenUsage(7, 0, 0, 0, 0), costUsd: null, workspace: null);

        Assert.Equal(
            [
                "llm_fallbacks_total{from=gpt-4o,to=claude,reason=timeout} 1",
                "llm_rate_limited_total{reason=requests} 1",
            ],
            measurements.Seen);
        Assert.Equal(
            [
                "llm_tokens_used_total{backend=openai,model=gpt-4o,type=prompt} 7",
                "llm_tokens_detail_total{backend=openai,model=gpt-4o,class=fresh} 7",
                "llm_attempts_total{backend=openai,model=gpt-4o,outcome=timeout} 1",
                "llm_cache_hits_total{backend=anthropic} 1",
            ],
            measurements.Observe());
    }

    [Fact]
    public void Inflight_AsCallsComeAndGo_FollowsThem()
    {
        using Measurements measurements = new(_metrics.Meter);
        LlmTags llm = _metrics.For("vllm", "qwen");

        llm.Enter();
        llm.Enter();
        llm.Leave();

        Assert.Equal(["llm_inflight_requests{backend=vllm,model=qwen} 1"], measurements.Observe("llm_inflight_requests"));
    }

    [Fact]
    public void For_TheSameNames_GivesTheSameLabels() =>
        Assert.Same(_metrics.For("openai", "gpt-4o"), _metrics.For("openai", "gpt-4o"));

    [Fact]
    public void CallEnded_StatusOutOfRange_DoesNotThrow()
    {
        using Measurements measurements = new(_metrics.Meter);

        _metrics.CallEnded(_metrics.None, new CallFigures { Status = 1234, Duration = TimeSpan.Zero });

        Assert.Contains("llm_requests_total{backend=none,model=none,status=0} 1", measurements.Observe());
    }

    [Fact]
    public void HeldMeasurements_WhenTheCollectorComes_AreAllReplayed()
    {
        int begun = 0;
        FirstUse firstUse = new(() => begun++);
        using GatewayMetrics metrics = new(firstUse);
        using Measurements measurements = new(metrics.Meter);

        metrics.CallEnded(metrics.None, new CallFigures { Status = 200, Duration = TimeSpan.FromSeconds(1) });
        metrics.RateLimited("tokens");
        Assert.Empty(measurements.Seen);
        firstUse.Come();
        metrics.RateLimited("budget");

        Assert.Equal(1, begun);
        Assert.Equal(
            [
                "llm_request_duration_seconds{backend=none,model=none} 1",
                "llm_rate_limited_total{reason=tokens} 1",
                "llm_rate_limited_total{reason=budget} 1",
            ],
            measurements.Seen);
        Assert.Equal(["llm_requests_total{backend=none,model=none,status=200} 1"], measurements.Observe());
    }

    [Fact]
    public void Counts_FromManyThreads_LoseNothing()
    {
        using Measurements measurements = new(_metrics.Meter);
        LlmTags llm = _metrics.For("openai", "gpt-4o");
        string[] workspaces = ["a", "b", "c"];

        Parallel.For(0, 8, _ =>
        {
            for (int i = 0; i < 3_000; i++)
            {
                _metrics.AttemptEnded(llm, i % 2 == 0 ? "success" : "timeout");
                _metrics.Used(llm, new TokenUsage(1, 0, 0, 0, 0), costUsd: 0.5m, workspaces[i % 3]);
            }
        });

        Assert.Equal(
            [
                "llm_attempts_total{backend=openai,model=gpt-4o,outcome=success} 12000",
                "llm_attempts_total{backend=openai,model=gpt-4o,outcome=timeout} 12000",
                "llm_cost_usd_total{backend=openai,model=gpt-4o,workspace=a} 4000",
                "llm_cost_usd_total{backend=openai,model=gpt-4o,workspace=b} 4000",
                "llm_cost_usd_total{backend=openai,model=gpt-4o,workspace=c} 4000",
                "llm_tokens_detail_total{backend=openai,model=gpt-4o,class=fresh} 24000",
                "llm_tokens_used_total{backend=openai,model=gpt-4o,type=prompt} 24000",
            ],
            measurements.Observe().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Counts_OfAnLlmThatIsConfiguredAnew_GoOn()
    {
        using Measurements measurements = new(_metrics.Meter);
        _metrics.AttemptEnded(new LlmTags("openai", "gpt-4o"), "success");
        _metrics.AttemptEnded(new LlmTags("openai", "gpt-4o"), "success");

        Assert.Equal(["llm_attempts_total{backend=openai,model=gpt-4o,outcome=success} 2"], measurements.Observe());
    }

    [Fact]
    public void Counts_OfAnLlmThatIsNoLongerConfigured_AreStillTold()
    {
        using Measurements measurements = new(_metrics.Meter);
        LlmTags gone = _metrics.For("openai", "old");
        _metrics.AttemptEnded(gone, "success");
        _metrics.Configured = () => [];

        Assert.Equal(["llm_attempts_total{backend=openai,model=old,outcome=success} 1"], measurements.Observe());
    }
}
