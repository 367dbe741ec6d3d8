using System.Collections.Concurrent;
using LlmProxy.TestKit;

namespace LlmProxy.Drills.Accounting;

/// <summary>Calls whose clients have read the whole answer: their name and the gateway's id.</summary>
internal sealed class Finished
{
    public ConcurrentDictionary<string, string> Calls { get; } = new();

    public int Count => Calls.Count;
}

/// <summary>One client that makes plain calls, streams and calls that fall back, until the gateway is gone.</summary>
internal sealed class MixedCaller(GatewayProcess gateway, Finished finished, string name, int seed)
{
    public async Task RunAsync(CancellationToken stop)
    {
        using HttpClient client = gateway.NewClient();
        var random = new Random(seed);
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            string call = $"{name}-{i}";
            string model = random.Next(5) == 0 ? "flaky" : "main";
            try
            {
                string? id = random.Next(2) == 0 ? await PlainAsync(client, model, call) : await StreamAsync(client, model, call);
                if (id is not null)
                {
                    finished.Calls[call] = id;
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                // Killed in the middle, or gone: the round ends.
                await Task.Delay(10, CancellationToken.None);
            }
        }
    }

    private static async Task<string?> PlainAsync(HttpClient client, string model, string call)
    {
        Reply reply = await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody(model, $"\"user\":\"{call}\""));
        return reply.Status == 200 ? reply.Header("x-request-id") : null;
    }

    private static async Task<string?> StreamAsync(HttpClient client, string model, string call)
    {
        await using StreamReply reply = await client.StreamAsync("/v1/chat/completions", GatewayCalls.ChatBody(model, $"\"stream\":true,\"user\":\"{call}\""));
        List<string> data = await reply.Events.RestAsync();
        return reply.Status == 200 && data is [.., "[DONE]"] ? reply.Header("x-request-id") : null;
    }
}
