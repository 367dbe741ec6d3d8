using System.Diagnostics;
using System.Globalization;
using LlmProxy.TestKit;

namespace LlmProxy.Drills.Resilience;

/// <summary>Starts calls by a fixed schedule, whether or not earlier ones were answered; a call's time counts from its intended start.</summary>
internal sealed class OpenLoop(HttpClient client, string model, int callsPerSecond)
{
    public async Task<List<LoadCall>> RunAsync(TimeSpan length)
    {
        long begin = Stopwatch.GetTimestamp();
        int count = (int)(length.TotalSeconds * callsPerSecond);
        var calls = new List<Task<LoadCall>>(count);
        for (int i = 0; i < count; i++)
        {
            long due = begin + (i * Stopwatch.Frequency / callsPerSecond);
            TimeSpan early = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            if (early > TimeSpan.Zero)
            {
                await Task.Delay(early);
            }

            calls.Add(CallAsync(due, stream: i % 2 == 0));
        }

        return [.. await Task.WhenAll(calls)];
    }

    private async Task<LoadCall> CallAsync(long due, bool stream)
    {
        try
        {
            await using StreamReply reply = await client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody(model, stream ? "\"stream\":true" : ""));
            while (await reply.Events.NextAsync() is not null)
            {
                // Only its end counts.
            }

            bool isWhole = reply.Events.Raw.Contains(stream ? "[DONE]" : "\"finish_reason\"", StringComparison.Ordinal);
            string? failure = reply.Status == 200 && isWhole ? null : $"{reply.Status} {reply.Events.Raw}";
            int attempts = int.Parse(reply.Header("x-llm-attempts") ?? "0", CultureInfo.InvariantCulture);
            return new LoadCall(Stopwatch.GetElapsedTime(due).TotalMilliseconds, attempts, failure);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            return new LoadCall(Stopwatch.GetElapsedTime(due).TotalMilliseconds, 0, e.Message);
        }
    }
}

/// <summary>One call of a load: from its intended start to its last byte.</summary>
internal sealed record LoadCall(double Ms, int Attempts, string? Failure);
