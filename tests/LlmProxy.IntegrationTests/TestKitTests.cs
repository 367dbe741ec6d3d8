using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The tests' own tools, held to what the tests rely on.</summary>
public sealed class TestKitTests
{
    [Fact]
    public async Task Upstream_SseWithGate_SendsPiecesAsScripted()
    {
        await using ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
        var gate = new Gate();
        upstream.On("m", Answers.Sse(Step.Send("data: 1\n\ndata: {\"te"), Step.Wait(gate), Step.Send("xt\":\"é\"}\n\n")));
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, upstream.BaseUrl + "/chat/completions")
        {
            Content = JsonContent.Create(new { model = "m", stream = true }),
        };
        using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var events = new SseReader(await answer.Content.ReadAsStreamAsync());

        Assert.Equal("1", await events.NextDataAsync());
        await gate.Reached;
        gate.Open();

        Assert.Equal("{\"text\":\"é\"}", await events.NextDataAsync());
        Assert.Null(await events.NextDataAsync());
        Assert.Equal("data: 1\n\ndata: {\"text\":\"é\"}\n\n", events.Raw);
    }

    [Fact]
    public async Task Upstream_ClientGone_NotesTheMoment()
    {
        await using ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
        upstream.On("m", Answers.HangBeforeHeaders);
        RawClient client = await RawClient.ConnectAsync(upstream.Address);
        await client.PostAsync("/v1/chat/completions", """{"model":"m"}""");
        UpstreamCall call = await upstream.CallAsync("m");
        Assert.False(call.IsAborted);

        client.Reset();

        Assert.True(await call.Aborted > call.ArrivedAt);
    }

    [Fact]
    public async Task Upstream_OnceThenAlways_KeepsTheOrder()
    {
        await using ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
        upstream.Once("m", Answers.Error(500, "first"), Answers.Error(429, "second"));
        using var client = new HttpClient();

        List<int> statuses = [];
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage answer = await client.PostAsJsonAsync(upstream.BaseUrl + "/chat/completions", new { model = "m" });
            statuses.Add((int)answer.StatusCode);
        }

        Assert.Equal([500, 429, 200], statuses);
        Assert.Equal(3, upstream.CallsFor("m").Count);
    }

    [Fact]
    public async Task RawUpstream_ResetInTheMiddle_EndsTheClientsRead()
    {
        await using RawUpstream upstream = RawUpstream.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
            connection.Reset();
        });
        await using RawClient client = await RawClient.ConnectAsync(upstream.Address);
        await client.PostAsync("/v1/x", "{}");

        Assert.EndsWith("half", await client.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal(1, upstream.Accepted);
    }

    [Fact]
    public async Task RawUpstream_StoppedBetweenTwoClients_EndsQuietly()
    {
        int port = 0;
        using var entered = new ManualResetEventSlim();
        RawUpstream upstream = RawUpstream.Start(connection =>
        {
            // Holds the accept loop itself until the upstream is being stopped.
            entered.Set();
            connection.Stop.WaitHandle.WaitOne();
            for (int i = 0; i < 100 && TryConnect(port); i++)
            {
            }

            return Task.CompletedTask;
        });
        port = new Uri(upstream.Address).Port;
        Assert.True(TryConnect(port));
        entered.Wait();

        await upstream.DisposeAsync();

        Assert.False(TryConnect(port));

        static bool TryConnect(int port)
        {
            using var client = new TcpClient();
            try
            {
                client.Connect("127.0.0.1", port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task Gateway_StrangersVariables_DoNotReachIt()
    {
        await using GatewayProcess gateway = await GatewayProcess.LaunchAsync();

        string environment = await File.ReadAllTextAsync($"/proc/{gateway.ProcessId}/environ", Encoding.UTF8);

        Assert.Contains("LLMPROXY_ENV_FILE=none", environment, StringComparison.Ordinal);
        Assert.All(environment.Split('\0'), variable => Assert.False(
            variable.Contains("_API_KEY", StringComparison.Ordinal) || variable.StartsWith("AWS_", StringComparison.Ordinal), variable.Split('=')[0]));
    }

    [Fact]
    public async Task Gateway_Sigterm_EndsWithItsCode()
    {
        await using GatewayProcess gateway = await GatewayProcess.LaunchAsync();

        Assert.Equal(0, await gateway.SignalTermAsync());
        Assert.Equal(0, gateway.ExitCode);
    }
}
