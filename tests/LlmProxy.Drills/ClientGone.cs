using System.Diagnostics;
using LlmProxy.TestKit;

namespace LlmProxy.Drills;

/// <summary>Clients vanish from streams and plain calls; how long until the vendor's side sees it?</summary>
internal static class ClientGone
{
    private const int Calls = 100;
    private const int AtOnce = 10;
    private const double BoundMs = 100;

    public static async Task<bool> RunAsync()
    {
        await using ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
        await using GatewayProcess gateway = await DrillConfig.StartAsync(upstream, "*");
        upstream.Otherwise(call => (call.WantsStream ? Answers.Sse(Step.Send(OpenAiAnswers.ContentChunk("first words")), Step.Hang) : Answers.HangBeforeHeaders)(call));

        await RoundAsync(gateway, upstream, stream: true, "warm-up", AtOnce); // The first calls of a fresh process compile code.
        await RoundAsync(gateway, upstream, stream: false, "warm-up", AtOnce);
        List<double> streams = await RoundAsync(gateway, upstream, stream: true, "stream", Calls);
        List<double> plain = await RoundAsync(gateway, upstream, stream: false, "plain", Calls);

        Figures.Print("client gone in a stream, seen upstream after", streams);
        Figures.Print("client gone in a plain call, seen upstream after", plain);
        return Figures.Percentile(streams, 100) < BoundMs && Figures.Percentile(plain, 100) < BoundMs;
    }

    private static async Task<List<double>> RoundAsync(GatewayProcess gateway, ScriptedUpstream upstream, bool stream, string round, int calls)
    {
        List<double> times = [];
        for (int i = 0; i < calls; i += AtOnce)
        {
            int first = i;
            times.AddRange(await Task.WhenAll(Enumerable.Range(first, AtOnce).Select(n => OneAsync(gateway, upstream, stream, $"{round}-{stream}-{n}", goodbye: n % 2))));
        }

        return times;
    }

    private static async Task<double> OneAsync(GatewayProcess gateway, ScriptedUpstream upstream, bool stream, string model, int goodbye)
    {
        await using RawClient client = await RawClient.ConnectAsync(gateway.BaseUrl);
        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/" + model, stream ? "\"stream\":true" : ""));
        UpstreamCall call = await upstream.CallAsync(model);
        if (stream)
        {
            await client.ReadUntilAsync("first words");
        }

        long left = Stopwatch.GetTimestamp();
        if (goodbye == 0)
        {
            client.Reset();
        }
        else
        {
            await client.DisposeAsync();
        }

        return Stopwatch.GetElapsedTime(left, await call.Aborted).TotalMilliseconds;
    }
}
