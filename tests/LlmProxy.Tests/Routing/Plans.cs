using System.Collections.Frozen;
using System.Text;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

/// <summary>A gateway's routing without the gateway: LLMs with facts, a clock and dice of the test's own, and plans for requests.</summary>
internal sealed class Plans
{
    private readonly List<Deployment> _llms = [];
    private GatewaySnapshot? _snapshot;

    public FakeTimeProvider Time { get; } = new();

    public GatewayOptions Options { get; } = new();

    public Caller Caller { get; set; } = Caller.Anyone;

    public Random Dice { get; set; } = new(7);

    public GatewaySnapshot Snapshot => _snapshot ??= new GatewaySnapshot
    {
        Options = Options,
        AuthMode = AuthMode.Open,
        Keys = new KeyRing(Options),
        Llms = _llms.ToFrozenDictionary(l => l.Name),
        Models = new ModelDirectory(Options, _llms),
        Workspaces = FrozenDictionary<string, WorkspaceOptions>.Empty,
    };

    public Plans With(string name, Action<LlmOptions>? change = null, bool isLocal = false, string? provider = null, string? unavailable = null)
    {
        provider ??= isLocal ? "vllm" : "openai";
        var options = new LlmOptions { Name = name, Provider = provider, Model = name + "-model" };
        change?.Invoke(options);
        _llms.Add(new Deployment(options, new FakeProvider(provider, isLocal), new LlmState(provider, name, Time)) { Unavailable = unavailable });
        _snapshot = null;
        return this;
    }

    public LlmState State(string name) => _llms.Single(l => l.Name == name).State;

    public RoutePlan Plan(string? model, Wishes? wishes = null, string? body = null, EndpointKind? endpoint = null, RouteTrace? trace = null, bool isDryRun = false)
    {
        endpoint ??= EndpointKind.Chat;
        byte[] bytes = Encoding.UTF8.GetBytes(body ?? """{"messages":[{"role":"user","content":"hi"}]}""");
        var peek = new RequestPeek();
        Assert.Null(peek.Read(endpoint, bytes));
        return RoutePlanner.PlanFor(new RouteQuery(Snapshot, Caller, endpoint, model, wishes ?? Wishes.None)
        {
            Peek = peek,
            Body = bytes,
            Time = Time,
            Random = Dice,
            Trace = trace,
            IsDryRun = isDryRun,
        });
    }

    /// <summary>The plan's LLMs by name, or the code it was refused with.</summary>
    public string Names(string? model, Wishes? wishes = null, string? body = null, EndpointKind? endpoint = null) => Names(Plan(model, wishes, body, endpoint));

    public static string Names(RoutePlan plan) =>
        plan.Refusal is { } refusal ? refusal.Code.Wire() : string.Join(',', plan.Targets.Select(t => t.Deployment.Name));

    /// <summary>A chat whose prompt has about so many tokens.</summary>
    public static string Prompt(int tokens, string rest = "") =>
        $$"""{"messages":[{"role":"user","content":"{{string.Concat(Enumerable.Repeat("abc ", Math.Max(0, tokens - 4)))}}"}]{{rest}}}""";
}
