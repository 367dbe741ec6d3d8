using System.Collections.Concurrent;
using LlmProxy.Configuration.Options;
using LlmProxy.Providers.Dummy;

namespace LlmProxy.Forwarding;

/// <summary>The settings of the dummy LLMs, for the moment in which YARP makes their clients.</summary>
internal sealed class DummyHandlers(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, LlmOptions> _options = new(StringComparer.OrdinalIgnoreCase);

    public void Announce(LlmOptions llm) => _options[llm.Name] = llm;

    public HttpMessageHandler For(string cluster) => new DummyHandler(_options[cluster], time);
}
