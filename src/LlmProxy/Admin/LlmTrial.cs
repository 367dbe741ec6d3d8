using System.Text;
using System.Text.Json;
using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Hosting;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Admin;

/// <summary>One tiny call to exactly one LLM, by the way that real calls go: no cache, no other LLM behind it, no caller's limits.</summary>
internal sealed class LlmTrial(AttemptLoop attempts, CallRecorder recorder, BufferBudget budget, Shutdown shutdown, TimeProvider time)
{
    private const int TimeoutMs = 30_000;

    private static readonly string[] Fields = ["model"];

    public async Task<GatewayError?> RunAsync(HttpContext http, GatewaySnapshot snapshot, LlmOptions options)
    {
        using var body = new AdminBody(budget, time);
        string? model = null;
        if ((await body.ReadAsync(http, snapshot, AdminBody.SmallBytes, Fields, mayBeEmpty: true) ?? body.Text("model", out model)) is { } wrong)
        {
            return wrong;
        }

        if (!snapshot.Llms.TryGetValue(options.Name, out Deployment? llm))
        {
            return new GatewayError(ErrorCode.Conflict, $"The LLM \"{options.Name}\" is disabled. Enable it to test it.");
        }

        if ((llm.IsWildcard && model is null) || (!llm.IsWildcard && model is not null))
        {
            return GatewayError.Invalid("model", llm.IsWildcard
                ? $"The LLM \"{llm.Name}\" serves any model of {llm.ProviderName}: say which one to test, {{\"model\": NAME}}."
                : $"The LLM \"{llm.Name}\" serves one model; leave \"model\" out.");
        }

        EndpointKind? endpoint = llm.Has(EndpointKind.Chat) ? EndpointKind.Chat : llm.Has(EndpointKind.Embeddings) ? EndpointKind.Embeddings : null;
        if (endpoint is null)
        {
            return new GatewayError(ErrorCode.UnsupportedEndpoint, $"The LLM \"{llm.Name}\" serves neither chat nor embeddings, and nothing else is tested.");
        }

        if (llm.Unavailable is { } reason)
        {
            return await AnswerAsync(http, llm, null, "", new GatewayError(ErrorCode.NoHealthyProvider, $"The LLM \"{llm.Name}\" is not available: {reason}."));
        }

        return await CallAsync(http, snapshot, new RouteTarget(llm, model ?? llm.Options.Model), endpoint);
    }

    private async Task<GatewayError?> CallAsync(HttpContext http, GatewaySnapshot snapshot, RouteTarget target, EndpointKind endpoint)
    {
        using var reply = new MemoryStream();
        HttpContext inner = InnerRequest.For(http, endpoint, Question(target, endpoint), reply);
        var exchange = new Exchange(inner, endpoint, snapshot, time, budget, shutdown) { Caller = Caller.Operator };
        using var answer = new ClientAnswer(exchange);
        using Shutdown.Call running = shutdown.Begin();
        try
        {
            if (await RequestReader.ReadAsync(exchange) is { } refused)
            {
                return refused;
            }

            exchange.Wishes = new Wishes { Retries = 0, Fallback = false, TimeoutMs = TimeoutMs };
            await attempts.RunAsync(exchange, RoutePlan.To([target]), answer);
            await inner.Response.BodyWriter.FlushAsync(http.RequestAborted);
        }
        finally
        {
            recorder.Record(exchange);
            exchange.LetGo();
        }

        return await AnswerAsync(http, target.Deployment, exchange, exchange.Error is null ? ReplyIn(reply, endpoint) : "", exchange.Error);
    }

    private static byte[] Question(RouteTarget target, EndpointKind endpoint)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body, AdminJson.Writing))
        {
            json.WriteStartObject();
            json.WriteString("model", target.Model);
            if (endpoint == EndpointKind.Embeddings)
            {
                json.WriteString("input", "ping");
            }
            else
            {
                json.WriteStartArray("messages");
                json.WriteStartObject();
                json.WriteString("role", "user");
                json.WriteString("content", "Answer with the one word: pong");
                json.WriteEndObject();
                json.WriteEndArray();
                json.WriteNumber("max_tokens", 16);
            }

            json.WriteEndObject();
        }

        return body.ToArray();
    }

    private static string ReplyIn(MemoryStream reply, EndpointKind endpoint)
    {
        try
        {
            using var document = JsonDocument.Parse(reply.GetBuffer().AsMemory(0, (int)reply.Length));
            if (endpoint == EndpointKind.Embeddings)
            {
                JsonElement vector = document.RootElement.GetProperty("data")[0].GetProperty("embedding");
                return vector.ValueKind == JsonValueKind.Array ? $"a vector of {vector.GetArrayLength()} numbers" : "a vector";
            }

            return document.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString() ?? "";
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            return Encoding.UTF8.GetString(reply.GetBuffer(), 0, (int)Math.Min(reply.Length, 500));
        }
    }

    private static Task<GatewayError?> AnswerAsync(HttpContext http, Deployment llm, Exchange? exchange, string reply, GatewayError? error) => AdminJson.SendAsync(http, json =>
    {
        json.WriteBoolean("ok", error is null);
        json.WriteString("llm", llm.Name);
        json.WriteString("provider", llm.ProviderName);
        json.WriteString("model", exchange?.ReportedModel ?? (llm.IsWildcard ? null : llm.Options.Model));
        json.WriteNumber("latency_ms", Math.Round(exchange?.ElapsedMs ?? 0, 1));
        json.WriteString("reply", error is null ? reply : null);
        WriteUsage(json, exchange);
        if (error is null)
        {
            json.WriteNull("error");
            return;
        }

        json.WriteStartObject("error");
        json.WriteString("code", error.Code.Wire());
        json.WriteString("message", error.Message);
        json.WriteEndObject();
    });

    private static void WriteUsage(Utf8JsonWriter json, Exchange? exchange)
    {
        if (exchange?.Usage is { } usage)
        {
            json.WriteStartObject("usage");
            json.WriteNumber("input_tokens", usage.Input);
            json.WriteNumber("output_tokens", usage.Output);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("usage");
        }

        if (exchange?.CostUsd is { } cost)
        {
            json.WriteNumber("cost_usd", cost);
        }
        else
        {
            json.WriteNull("cost_usd");
        }
    }
}
