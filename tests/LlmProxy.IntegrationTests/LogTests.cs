using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>One line per call, and in no line a secret or a prompt.</summary>
public sealed class LogTests : IAsyncLifetime
{
    private const string VendorKey = "sk-vendor-key-of-the-log-test";
    private const string CallerKey = "sk-caller-key-of-the-log-test";
    private const string StrangerKey = "sk-stranger-key-of-the-log-test";
    private const string Prompt = "the-prompt-of-the-log-test";
    private const string AnswerText = "the-answer-of-the-log-test";
    private ScriptedUpstream _upstream = null!;

    public async Task InitializeAsync()
    {
        _upstream = await ScriptedUpstream.StartAsync();
        _upstream.Otherwise(OpenAiAnswers.Chat(AnswerText));
    }

    public async Task DisposeAsync() => await _upstream.DisposeAsync();

    [Theory]
    [InlineData("text", "INFO")]
    [InlineData("json", "DEBUG")]
    public async Task Calls_OfEveryKind_LeaveOneLineEachAndNoSecrets(string format, string level)
    {
        await using GatewayProcess gateway = await StartAsync(format, level);
        int line = gateway.Logs.Count;
        _upstream.On("failing", Answers.Error(500, $"Bad key {VendorKey} for prompt {Prompt}"));
        _upstream.On("unauthorized", Answers.Error(401, $"Incorrect API key provided: {VendorKey}"));

        List<Reply> replies =
        [
            await PostAsync(gateway, "custom/plain", CallerKey),
            await PostAsync(gateway, "custom/streamed", CallerKey, "\"stream\":true"),
            await PostAsync(gateway, "custom/failing", CallerKey),
            await PostAsync(gateway, "custom/unauthorized", CallerKey),
            await PostAsync(gateway, "no-such-model", CallerKey),
            await PostAsync(gateway, "custom/plain", StrangerKey),
        ];

        Assert.Equal([200, 200, 502, 502, 404, 401], replies.Select(r => r.Status));
        foreach (Reply reply in replies)
        {
            string id = reply.Header("x-request-id")!;
            await gateway.Logs.WaitForAsync(id, line);
        }

        await gateway.SignalTermAsync();
        string log = gateway.Logs.Text;
        Assert.All([VendorKey, CallerKey, StrangerKey, Prompt, AnswerText], secret => Assert.DoesNotContain(secret, log, StringComparison.Ordinal));
        if (level == "INFO")
        {
            string plain = replies[0].Header("x-request-id")!;
            string only = Assert.Single(gateway.Logs.Lines, l => l.Contains(plain, StringComparison.Ordinal));
            Assert.All(["ci", "custom/plain", "up", "200"], part => Assert.Contains(part, only, StringComparison.Ordinal));
            Assert.True(gateway.Logs.Lines.Count(l => l.Contains(replies[2].Header("x-request-id")!, StringComparison.Ordinal)) >= 2, "a failed attempt has a line of its own");
        }
    }

    [Fact]
    public async Task Json_EveryLineIsAnObject()
    {
        await using GatewayProcess gateway = await StartAsync("json", "INFO");
        await PostAsync(gateway, "custom/plain", CallerKey);
        await gateway.SignalTermAsync();

        Assert.All(gateway.Logs.Lines.Where(l => l.Length > 0), l => Assert.IsType<JsonObject>(JsonNode.Parse(l)));
    }

    [Fact]
    public async Task Errors_ThatClientsRead_HoldNoKeys()
    {
        await using GatewayProcess gateway = await StartAsync("text", "INFO");
        _upstream.On("leaky", Answers.Error(400, $"Your key {VendorKey} may not do this"));

        Reply reply = await PostAsync(gateway, "custom/leaky", CallerKey);

        Assert.Equal(400, reply.Status);
        Assert.DoesNotContain(VendorKey, reply.Text, StringComparison.Ordinal);
        Assert.Contains("may not do this", reply.Text, StringComparison.Ordinal);
    }

    private static Task<Reply> PostAsync(GatewayProcess gateway, string model, string key, string more = "") =>
        gateway.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody(model, more, Prompt), ("Authorization", "Bearer " + key));

    private Task<GatewayProcess> StartAsync(string format, string level) => GatewayProcess.StartAsync(new GatewaySettings
    {
        Environment = new Dictionary<string, string> { ["LOG_LEVEL"] = level, ["VENDOR_KEY"] = VendorKey, ["CALLER_KEY"] = CallerKey },
        Config = GatewayFixture.Config(new
        {
            Keys = new object[] { new { Name = "ci", Key = "env:CALLER_KEY" } },
            Llms = new object[] { new { Name = "up", Provider = "custom", Model = "*", _upstream.BaseUrl, Auth = new { api_key_env = "VENDOR_KEY" } } },
            Logging = new { Format = format },
            Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
        }),
    });
}
