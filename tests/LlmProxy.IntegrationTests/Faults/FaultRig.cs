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

    public GatewayProcess Gateway { get; private set; } = null!;

    public ScriptedUpstream Upstream { get; private set; } = null!;

    private ScriptedUpstream Secure { get; set; } = null!;

    internal Outcome this[Cell cell] => _outcomes[cell.Name];

    public async Task InitializeAsync()
    {
        Upstream = await ScriptedUpstream.StartAsync();
        Secure = await ScriptedUpstream.StartAsync(_certificate);
        Gateway = await GatewayProcess.StartAsync(new GatewaySettings { Config = Configuration() });
        using var places = new SemaphoreSlim(AtOnce);
        Outcome[] outcomes = await Task.WhenAll(Cell.All.Select(async cell =>
        {
            await places.WaitAsync();
            try
            {
                return await RunAsync(cell);
            }
            finally
            {
                places.Release();
            }
        }));
        Dictionary<string, int> tries = await TriesAsync();
        foreach (Outcome outcome in outcomes)
        {
            outcome.Tries = [.. outcome.Cell.Llms.Select(llm => tries.GetValueOrDefault(llm))];
            outcome.Seen = [.. outcome.Cell.Llms.Select(llm => Upstream.CallsFor(llm).Count)];
            _outcomes[outcome.Cell.Name] = outcome;
        }
    }

    public async Task DisposeAsync()
    {
        if (Gateway is not null)
        {
            await Gateway.DisposeAsync();
        }

        await Upstream.DisposeAsync();
        await Secure.DisposeAsync();
    }

    public void Dispose()
    {
        _closed.Dispose();
        _certificate.Dispose();
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
                int patience = isFaulty && cell.Fault.Hangs ? 1 : 60;
                llms.Add(new
                {
                    Name = name,
                    Provider = "custom",
                    Model = name,
                    BaseUrl = isFaulty ? cell.Fault.Address(addresses) : Upstream.BaseUrl,
                    Auth = new { api_key = Secret },
                    TimeoutSeconds = patience,
                    FirstTokenTimeoutSeconds = patience,
                    IdleTimeoutSeconds = patience,
                });
            }

            if (cell.Setup != Setup.One)
            {
                chains[cell.Chain] = cell.Llms;
            }
        }

        return GatewayFixture.Config(new
        {
            Llms = llms,
            Chains = chains,
            Resilience = new { MaxRetries = 2, BaseDelayMs = 1, MaxDelayMs = 500, DeadlineSeconds = 20, BreakerFailures = 10_000 },
        });
    }

    [GeneratedRegex("""^llm_attempts_total\{[^}]*\bmodel="(?<llm>[^"]*)"[^}]*\} (?<count>\S+)""", RegexOptions.Multiline)]
    private static partial Regex AttemptLine();
}
