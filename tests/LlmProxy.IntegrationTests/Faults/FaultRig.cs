using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Faults;

/// <summary>One gateway with LLMs of its own for every cell; all cells run once, side by side.</summary>
public sealed partial class FaultRig : IAsyncLifetime, IDisposable
{
    public const string Secret = "sk-never-to-be-seen-4711";
    private const int AtOnce = 16;

    private readonly ClosedPort _closed = new();
    private readonly X509Certificate2 _certificate = SelfSigned.Create();
    private readonly Dictionary<string, Outcome> _outcomes = [];
    private readonly Dictionary<string, (int First, int Second, int Tries)> _pairs = [];

    public GatewayProcess Gateway { get; private set; } = null!;

    public ScriptedUpstream Upstream { get; private set; } = null!;

    /// <summary>Where the second replicas are, which answer well.</summary>
    private ScriptedUpstream Other { get; set; } = null!;

    private ScriptedUpstream Secure { get; set; } = null!;

    internal Outcome this[Cell cell] => _outcomes[cell.Name];

    /// <summary>The statuses of two calls to an LLM with a faulty and a well replica, and their tries together.</summary>
    internal (int First, int Second, int Tries) this[Pair pair] => _pairs[pair.Llm];

    public async Task InitializeAsync()
    {
        Upstream = await ScriptedUpstream.StartAsync();
        Other = await ScriptedUpstream.StartAsync();
        Secure = await ScriptedUpstream.StartAsync(_certificate);
        // A name server that loses a question would else be waited for five seconds, which is as long as a connection may take.
        Gateway = await GatewayProcess.StartAsync(new GatewaySettings { Config = Configuration() }.With("RES_OPTIONS", "timeout:1 attempts:2"));
        using var places = new SemaphoreSlim(AtOnce);
        Task<(int First, int Second)[]> pairs = Task.WhenAll(Pair.All.Select(pair => InTurnAsync(places, () => RunAsync(pair))));
        Outcome[] outcomes = await Task.WhenAll(Cell.All.Select(cell => InTurnAsync(places, () => RunAsync(cell))));
        (int First, int Second)[] statuses = await pairs;
        Dictionary<string, int> tries = await TriesAsync();
        foreach (Outcome outcome in outcomes)
        {
            outcome.Tries = [.. outcome.Cell.Llms.Select(llm => tries.GetValueOrDefault(llm))];
            outcome.Seen = [.. outcome.Cell.Llms.Select(llm => Upstream.CallsFor(llm).Count)];
            _outcomes[outcome.Cell.Name] = outcome;
        }

        foreach ((Pair pair, (int first, int second)) in Pair.All.Zip(statuses))
        {
            _pairs[pair.Llm] = (first, second, tries.GetValueOrDefault(pair.Llm));
        }
    }

    public async Task DisposeAsync()
    {
        if (Gateway is not null)
        {
            await Gateway.DisposeAsync();
        }

        await Upstream.DisposeAsync();
        await Other.DisposeAsync();
        await Secure.DisposeAsync();
    }

    public void Dispose()
    {
        _closed.Dispose();
        _certificate.Dispose();
    }

    private static async Task<T> InTurnAsync<T>(SemaphoreSlim places, Func<Task<T>> run)
    {
        await places.WaitAsync();
        try
        {
            return await run();
        }
        finally
        {
            places.Release();
        }
    }

    private async Task<(int First, int Second)> RunAsync(Pair pair)
    {
        string body = GatewayCalls.ChatBody(pair.Llm, pair.Stream ? "\"stream\":true" : "");
        Reply first = await Gateway.Client.PostAsync("/v1/chat/completions", body);
        Reply second = await Gateway.Client.PostAsync("/v1/chat/completions", body);
        return (first.Status, second.Status);
    }

    private async Task<Outcome> RunAsync(Cell cell)
    {
        await using StreamReply reply = await Gateway.Client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody(cell.Model, cell.Stream ? "\"stream\":true" : ""));
        while (await reply.Events.NextAsync() is { } part)
        {
            if (part.Contains(Outcome.FirstWords, StringComparison.Ordinal))
            {
                cell.Heard.Open();
            }
        }

        return new Outcome(cell, reply.Status, reply.MediaType ?? "", reply.Events.Raw, reply.Header);
    }

    /// <summary>Tries per LLM as the gateway counted them.</summary>
    private async Task<Dictionary<string, int>> TriesAsync()
    {
        Reply metrics = await Gateway.Client.FetchAsync("/metrics");
        return AttemptLine().Matches(metrics.Text)
            .GroupBy(line => line.Groups["llm"].Value)
            .ToDictionary(lines => lines.Key, lines => lines.Sum(line => (int)double.Parse(line.Groups["count"].Value, CultureInfo.InvariantCulture)));
    }

    private string Configuration()
    {
        var addresses = new FaultAddresses(Upstream.BaseUrl, _closed.Address + "/v1", Secure.BaseUrl);
        List<object> llms = [];
        var chains = new Dictionary<string, string[]>();
        foreach (Cell cell in Cell.All)
        {
            for (int place = 0; place < cell.Llms.Length; place++)
            {
                string name = cell.Llms[place];
                bool isFaulty = cell.IsFaulty(place);
                Upstream.On(name, isFaulty ? cell.Fault.Answer(cell.Stream, place, cell.Heard) : OpenAiAnswers.Default);
                llms.Add(Llm(name, isFaulty ? cell.Fault : null, cell.Stream, isFaulty ? cell.Fault.Address(addresses) : Upstream.BaseUrl));
            }

            if (cell.Setup != Setup.One)
            {
                chains[cell.Chain] = cell.Llms;
            }
        }

        foreach (Pair pair in Pair.All)
        {
            Upstream.On(pair.Llm, pair.Fault.Answer(pair.Stream, 0, new Gate()));
            llms.Add(Llm(pair.Llm, pair.Fault, pair.Stream, pair.Fault.Address(addresses), Other.BaseUrl));
        }

        return GatewayFixture.Config(new
        {
            Llms = llms,
            Chains = chains,
            Routing = new { ReplicaPolicy = "round_robin" },
            Resilience = new { MaxRetries = 2, BaseDelayMs = 1, MaxDelayMs = 500, DeadlineSeconds = 20, BreakerFailures = 10_000 },
        });
    }

    private static object Llm(string name, Fault? fault, bool stream, params string[] destinations)
    {
        // Where words come before the silence, a busy machine may take its time for them.
        bool hangs = fault is { Hangs: true };
        int seconds = destinations.Length > 1 ? 5 : 1; // Of two replicas the well one has no more time than the other.
        return new
        {
            Name = name,
            Provider = "custom",
            Model = name,
            Destinations = destinations,
            Auth = new { api_key = Secret },
            TimeoutSeconds = hangs ? seconds : 60,
            FirstTokenTimeoutSeconds = hangs && fault!.For(stream) is { Fate: not Fate.Broken } ? seconds : 60,
            IdleTimeoutSeconds = hangs ? seconds : 60,
        };
    }

    [GeneratedRegex("""^llm_attempts_total\{[^}]*\bmodel="(?<llm>[^"]*)"[^}]*\} (?<count>\S+)""", RegexOptions.Multiline)]
    private static partial Regex AttemptLine();
}
