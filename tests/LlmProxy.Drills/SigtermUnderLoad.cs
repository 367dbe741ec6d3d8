using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using LlmProxy.TestKit;

namespace LlmProxy.Drills;

/// <summary>SIGTERM while streams of five seconds and plain calls run: is any stream cut, does any accepted call fail?</summary>
internal static class SigtermUnderLoad
{
    private const int Streams = 50;
    private const int Workers = 8;
    private const int Chunks = 50;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    public static async Task<bool> RunAsync()
    {
        await using ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
        await using GatewayProcess gateway = await DrillConfig.StartAsync(upstream, "*");
        upstream.On("long", Answers.Sse([
            .. Enumerable.Range(0, Chunks).SelectMany(i => (Step[])[Step.Send(OpenAiAnswers.ContentChunk($"{i} ")), Step.Pause(Pace)]),
            Step.Send(OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.Done)]));
        upstream.On("short", async call =>
        {
            await Task.Delay(20, call.Http.RequestAborted);
            await OpenAiAnswers.Default(call);
        });

        using var stop = new CancellationTokenSource();
        var failures = new ConcurrentBag<string>();
        Task<(int Served, int Refused)>[] load = [.. Enumerable.Range(0, Workers).Select(i => PlainLoadAsync(gateway, pooled: i % 2 == 0, failures, stop.Token))];
        List<Task<string?>> streams = [];
        for (int i = 0; i < Streams; i++)
        {
            streams.Add(StreamAsync(gateway));
            await Task.Delay(20); // Spread, so that the signal meets every age of stream.
        }

        await Task.Delay(500);
        long signal = Stopwatch.GetTimestamp();
        int running = streams.Count(s => !s.IsCompleted);
        gateway.SignalTerm();
        string?[] cut = [.. (await Task.WhenAll(streams)).Where(s => s is not null)];
        TimeSpan lastStream = Stopwatch.GetElapsedTime(signal);
        int code = await gateway.WaitForExitAsync(TimeSpan.FromSeconds(90));
        TimeSpan exit = Stopwatch.GetElapsedTime(signal);
        await stop.CancelAsync();
        (int Served, int Refused)[] plain = await Task.WhenAll(load);

        Console.WriteLine($"streams {Streams}, running at the signal {running}, cut {cut.Length}");
        Console.WriteLine($"plain calls served {plain.Sum(p => p.Served)}, refused before they were accepted {plain.Sum(p => p.Refused)}, accepted and failed {failures.Count}");
        foreach (IGrouping<string, string> failure in failures.Concat(cut.OfType<string>()).GroupBy(f => f).Take(10))
        {
            Console.WriteLine($"  {failure.Count()}x {failure.Key}");
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"last stream ended {lastStream.TotalSeconds:0.0} s after the signal, the process {exit.TotalSeconds:0.0} s after it, exit code {code}"));
        return cut.Length == 0 && failures.IsEmpty && code == 0 && running > 0;
    }

    /// <summary>Null when the stream came whole.</summary>
    private static async Task<string?> StreamAsync(GatewayProcess gateway)
    {
        using HttpClient client = gateway.NewClient();
        try
        {
            await using StreamReply reply = await client.StreamChatAsync("custom/long");
            List<string> data = await reply.Events.RestAsync();
            return data is [.., "[DONE]"] && data.Count == Chunks + 2 ? null : $"{reply.Status}, {data.Count} events, last: {data.LastOrDefault()}";
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            return e.Message;
        }
    }

    private static async Task<(int Served, int Refused)> PlainLoadAsync(GatewayProcess gateway, bool pooled, ConcurrentBag<string> failures, CancellationToken stop)
    {
        HttpClient client = gateway.NewClient();
        (int served, int refused) = (0, 0);
        try
        {
            while (!stop.IsCancellationRequested && refused == 0)
            {
                if (!pooled)
                {
                    client.Dispose();
                    client = gateway.NewClient();
                }

                try
                {
                    Reply reply = await client.ChatAsync("custom/short");
                    if (reply.Status == 200)
                    {
                        served++;
                    }
                    else
                    {
                        failures.Add(reply.ToString());
                    }
                }
                catch (HttpRequestException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
                {
                    refused++; // Nobody listens any more: the next replica's call.
                }
                catch (HttpRequestException e)
                {
                    failures.Add($"{e.HttpRequestError}: {e.InnerException?.Message ?? e.Message}");
                    return (served, refused);
                }
            }
        }
        finally
        {
            client.Dispose();
        }

        return (served, refused);
    }
}
