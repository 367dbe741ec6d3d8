using System.Runtime.InteropServices;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Admin;
using LlmProxy.Configuration;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Hosting;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Caching.Semantic;

/// <summary>
/// Has a prompt embedded by a configured LLM, by the way that real calls go: one attempt, in bounded time. It is a call of its
/// own in the books, the caller's: its cost counts in the caller's budgets, and not as a request.
/// </summary>
internal sealed class PromptEmbedder(AttemptLoop attempts, Admission admission, UsageLedger ledger, CallRecorder recorder, BufferBudget budget, Shutdown shutdown, TimeProvider time)
{
    /// <summary>The vector, of length one; null: there is none in time, and nobody is told but the log.</summary>
    public async Task<float[]?> EmbedAsync(Exchange outer, RoutePlan plan, string text)
    {
        GatewaySnapshot snapshot = outer.Snapshot;
        if (!snapshot.Llms.TryGetValue(snapshot.Options.Cache.Semantic.Llm, out Deployment? llm) || llm.IsWildcard || llm.Unavailable is not null || !llm.Has(EndpointKind.Embeddings))
        {
            return null;
        }

        var target = new RouteTarget(llm, llm.Options.Model);
        return MayRead(target, outer, plan) ? await CallAsync(outer, target, text) : null;
    }

    /// <summary>A prompt goes to nobody outside whom its own call would not go to.</summary>
    private static bool MayRead(RouteTarget embedder, Exchange outer, RoutePlan plan) =>
        embedder.IsLocal || (outer.Wishes.LocalOnly != true && outer.Caller.Key.AllowExternal && !plan.Targets[0].IsLocal);

    private async Task<float[]?> CallAsync(Exchange outer, RouteTarget target, string text)
    {
        using var reply = new MemoryStream();
        HttpContext http = InnerRequest.For(outer.Http, EndpointKind.Embeddings, Request(target, text), reply);
        var exchange = new Exchange(http, EndpointKind.Embeddings, outer.Snapshot, time, budget, shutdown) { Caller = outer.Caller };
        using var answer = new ClientAnswer(exchange);
        var plan = RoutePlan.To([target]);
        try
        {
            if (await RequestReader.ReadAsync(exchange) is not null)
            {
                return null;
            }

            exchange.Wishes = new Wishes { Retries = 0, Fallback = false, TimeoutMs = outer.Snapshot.Options.Cache.Semantic.TimeoutMs };
            LimitSubject subject = CallLimits.OfUse(exchange, plan) with { MaxWait = TimeSpan.Zero };
            if (await admission.AdmitAsync(exchange, subject) is not null || ledger.Begin(exchange, target, subject.Tokens) is not null)
            {
                return null;
            }

            await attempts.RunAsync(exchange, plan, answer);
            await http.Response.BodyWriter.FlushAsync(CancellationToken.None);
        }
        finally
        {
            exchange.Account?.Settle();
            recorder.Record(exchange);
            exchange.LetGo();
        }

        return exchange.Error is null && exchange.Status == StatusCodes.Status200OK ? VectorIn(reply) : null;
    }

    private static byte[] Request(RouteTarget target, string text)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("model", target.Model);
            json.WriteString("input", text);
            json.WriteEndObject();
        }

        return body.ToArray();
    }

    private static float[]? VectorIn(MemoryStream reply)
    {
        try
        {
            using var document = JsonDocument.Parse(reply.GetBuffer().AsMemory(0, (int)reply.Length));
            JsonElement embedding = document.RootElement.GetProperty("data")[0].GetProperty("embedding");
            float[] vector = embedding.ValueKind == JsonValueKind.String
                ? MemoryMarshal.Cast<byte, float>(embedding.GetBytesFromBase64()).ToArray()
                : [.. embedding.EnumerateArray().Select(number => number.GetSingle())];
            return Normalised(vector);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException or FormatException)
        {
            return null;
        }
    }

    private static float[]? Normalised(float[] vector)
    {
        double length = 0;
        foreach (float number in vector)
        {
            length += (double)number * number;
        }

        length = Math.Sqrt(length);
        if (!double.IsFinite(length) || length == 0)
        {
            return null;
        }

        for (int i = 0; i < vector.Length; i++)
        {
            vector[i] = (float)(vector[i] / length);
        }

        return vector;
    }
}
