using System.Text.Json.Nodes;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Tests.Boundary;

/// <summary>Random registries that a configuration file could hold: LLMs in the house and outside, chains, aliases, keys, rules.</summary>
internal sealed class RandomHouse(Random random)
{
    public static readonly string[] Models =
        ["gpt-4o", "claude-sonnet-4-5", "llama3", "llama3.1:8b-cloud", "shared", "gemini-2.5-flash", "embed-1", "mistral-small-latest"];

    private static readonly string[] Providers =
        ["openai", "anthropic", "ollama", "vllm", "custom", "mistral", "gemini", "litellm", "together", "ollama", "vllm", "openai"];

    private static readonly string[] Strategies =
        ["", "", "priority", "balanced", "cost_optimized", "latency_optimized", "quality_optimized", "local_first", "capability_match", "weighted"];

    private static readonly string[] Capabilities = ["tools", "json", "vision", "code", "reasoning", "long_context"];

    public GatewayOptions Draw()
    {
        var options = new GatewayOptions();
        int llms = random.Next(1, 8);
        for (int i = 0; i < llms; i++)
        {
            options.Llms.Add(Llm(i));
        }

        for (int i = random.Next(4); i > 0; i--)
        {
            // A chain may name those drawn before it: no circles.
            string[] known = [.. options.Llms.Where(l => l.Model != "*").Select(l => l.Name), .. options.Chains.Keys, "shared"];
            options.Chains["chain" + i] = new ChainOptions
            {
                Llms = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Pick(known)).Distinct()],
                Strategy = Chance(3) ? Pick(Strategies) : "",
            };
        }

        string[] names = [.. options.Llms.Select(l => l.Name), .. options.Chains.Keys, .. Models];
        for (int i = random.Next(4); i > 0; i--)
        {
            options.Aliases[Chance(3) ? $"alias{i}*" : "alias" + i] = Chance(6) ? "auto" : Pick(names);
        }

        foreach (LlmOptions llm in options.Llms.Where(_ => Chance(4)))
        {
            llm.Fallbacks.AddRange(Enumerable.Range(0, random.Next(1, 3)).Select(_ => Pick(names)).Distinct().Where(n => n != llm.Name));
        }

        options.Routing.Fallback = random.Next(6) switch { 0 => true, 1 => false, _ => null };
        options.Routing.PreferLocal = Chance(4);
        options.Routing.DefaultStrategy = Chance(4) ? Pick(Strategies) : "";
        if (Chance(5))
        {
            options.Routing.Defaults["chat"] = Pick(names[..(options.Llms.Count + options.Chains.Count)]);
        }

        options.Routing.ReplicaPolicy = Pick([ReplicaPolicy.LeastRequests, ReplicaPolicy.RoundRobin, ReplicaPolicy.PrefixAffinity, ReplicaPolicy.Session]);
        options.Cache.Enabled = Chance(4);
        options.Resilience.MaxRetries = random.Next(3);
        options.Resilience.BaseDelayMs = random.Next(100);
        options.Resilience.BreakerFailures = random.Next(1, 4);
        options.Resilience.DeadlineSeconds = 3;
        options.Limits.KeepAliveSeconds = Chance(3) ? 1 : 45;
        options.Fetch.AllowHosts.AddRange(Chance(2) ? ["images.internal"] : []);
        for (int i = 0; i < 3; i++)
        {
            options.Keys.Add(new KeyOptions
            {
                Name = "key" + i,
                Key = new Secret("sk-" + i),
                Workspace = i == 1 ? "team" : "default",
                AllowExternal = i != 2,
                AllowedModels = Chance(8) ? [Pick(names), Pick(names)] : ["*"],
            });
        }

        return options;
    }

    private LlmOptions Llm(int number)
    {
        string provider = Pick(Providers);
        var llm = new LlmOptions
        {
            Name = "llm" + number,
            Provider = provider,
            Model = Chance(5) ? "*" : Pick(Models),
            Priority = random.Next(5) * 10,
            IsDefault = Chance(4),
            Scope = Chance(7) ? "team" : "global",
            Local = random.Next(5) switch { 0 => true, 1 => false, _ => null },
            HedgeAfterMs = Chance(3) ? random.Next(1, 300) : 0,
            TimeoutSeconds = 2,
            FirstTokenTimeoutSeconds = 1,
            IdleTimeoutSeconds = 1,
            Weight = random.Next(3),
            Quality = random.Next(100),
            MaxParallel = Chance(6) ? 4 : 0,
            ContextWindow = Chance(4) ? random.Next(10, 200) : 0,
            Destinations = [.. Enumerable.Range(0, Chance(3) ? random.Next(2, 4) : 1).Select(replica => $"http://{provider}-{number}-{replica}.test")],
        };
        llm.Capabilities.AddRange(Capabilities.Where(_ => Chance(3)));
        if (!Chance(10))
        {
            llm.Auth.Values["api_key"] = new Secret("vendor-key-" + number);
        }
        else
        {
            llm.Auth.Missing.Add("KEY is not set");
        }

        if (Chance(6))
        {
            llm.Config["temperature"] = JsonValue.Create(0.5);
        }

        return llm;
    }

    private bool Chance(int oneIn) => random.Next(oneIn) == 0;

    private T Pick<T>(T[] from) => from[random.Next(from.Length)];
}
