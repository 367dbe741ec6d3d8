using LlmProxy.Configuration.Options;
using LlmProxy.Routing;

namespace LlmProxy.Forwarding.Resilience;

/// <summary>When an LLM is asked again and when it is left alone: made once per configuration.</summary>
internal sealed class LlmResilience(ResilienceOptions options, TimeProvider time)
{
    public static readonly LlmResilience Default = new(new ResilienceOptions(), TimeProvider.System);

    public BreakerRule Breaker { get; } = BreakerRule.Of(options);

    public RetryPolicy Retries { get; } = new(options, time);
}
