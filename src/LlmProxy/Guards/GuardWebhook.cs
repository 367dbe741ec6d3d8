using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using LlmProxy.Configuration.Options;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;

namespace LlmProxy.Guards;

/// <summary>Asks the operator's own service whether a request, or an answer, may pass. Its failures are the operator's choice, never a silent pass.</summary>
internal sealed class GuardWebhook : IDisposable
{
    private const int MostAnswerBytes = 64 * 1024;
    private const int LongestReason = 300;

    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(10);

    private readonly HttpMessageInvoker _client;
    private readonly TimeProvider _time;
    private readonly ILogger<GuardWebhook> _logger;
    private long _saidAt;
    private long _failures;

    public GuardWebhook(TimeProvider time, ILogger<GuardWebhook> logger)
    {
        _time = time;
        _logger = logger;
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            MaxConnectionsPerServer = 256,
            MaxResponseDrainSize = 0,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        });
    }

    /// <summary>Null: it may pass.</summary>
    /// <param name="exchange">The call, masked where redaction applies.</param>
    /// <param name="rules">Where to ask.</param>
    /// <param name="answer">The whole answer; null: the request is what it is about.</param>
    public async ValueTask<GatewayError?> AskAsync(Exchange exchange, GuardRules rules, ReadOnlyMemory<byte>? answer)
    {
        WebhookGuardOptions options = rules.WebhookOptions;
        if (!rules.WebhookIsHome && (exchange.Wishes.LocalOnly == true || !exchange.Caller.Key.AllowExternal))
        {
            return Failed(rules, "is outside, and the call must stay in the house", exchange);
        }

        string stage = answer is null ? "before" : "after";
        string problem;
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(options.TimeoutMs), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, exchange.Aborted);
        try
        {
            using var body = new PooledWriter();
            WebhookQuestion.Write(body, exchange, stage, answer);
            using var request = new HttpRequestMessage(HttpMethod.Post, rules.Webhook) { Content = new ReadOnlyMemoryContent(body.WrittenMemory) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            foreach ((string name, Secret value) in options.Headers)
            {
                request.Headers.TryAddWithoutValidation(name, value.Reveal());
            }

            using HttpResponseMessage response = await _client.SendAsync(request, either.Token);
            using var reply = new PooledWriter();
            problem = response.StatusCode == HttpStatusCode.OK
                ? await ReadAsync(response, reply, either.Token) ? "" : "gave an answer larger than 64 KB"
                : $"answered with the status {(int)response.StatusCode}";
            if (problem.Length == 0)
            {
                switch (Verdict(reply.WrittenMemory, out string? reason))
                {
                    case true:
                        return null;
                    case false:
                        _logger.WebhookRefused(exchange.Id, stage);
                        return new GatewayError(ErrorCode.ContentBlocked, $"The guard of this gateway refused the {(answer is null ? "request" : "answer")}{(reason is null ? "." : ": " + reason)}");
                    default:
                        problem = "gave an answer without \"allow\": true or false";
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !exchange.Aborted.IsCancellationRequested)
        {
            problem = "did not answer in time";
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            problem = "cannot be reached";
        }

        return Failed(rules, problem, exchange);
    }

    public void Dispose() => _client.Dispose();

    private static async ValueTask<bool> ReadAsync(HttpResponseMessage response, PooledWriter reply, CancellationToken cancellation)
    {
        Stream stream = await response.Content.ReadAsStreamAsync(cancellation);
        int read;
        while ((read = await stream.ReadAsync(reply.GetMemory(4096), cancellation)) > 0)
        {
            reply.Advance(read);
            if (reply.Length > MostAnswerBytes)
            {
                return false;
            }
        }

        return true;
    }

    private static bool? Verdict(ReadOnlyMemory<byte> json, out string? reason)
    {
        reason = null;
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("allow", out JsonElement allow)
                || allow.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            {
                return null;
            }

            if (document.RootElement.TryGetProperty("reason", out JsonElement said) && said.ValueKind == JsonValueKind.String)
            {
                reason = Printable(said.GetString()!);
            }

            return allow.ValueKind == JsonValueKind.True;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Printable(string reason)
    {
        var text = new StringBuilder();
        foreach (Rune rune in reason.EnumerateRunes())
        {
            if (text.Length >= LongestReason)
            {
                break;
            }

            text.Append(Rune.IsControl(rune) ? " " : rune.ToString());
        }

        return text.ToString().Trim() is { Length: > 0 } words ? words : null;
    }

    private GatewayError? Failed(GuardRules rules, string problem, Exchange exchange)
    {
        bool isRefused = rules.WebhookOptions.OnFailure == OnGuardFailure.Refuse;
        long failures = Interlocked.Increment(ref _failures);
        long said = Volatile.Read(ref _saidAt);
        long now = _time.GetTimestamp();
        if ((said == 0 || _time.GetElapsedTime(said, now) >= BetweenLines) && Interlocked.CompareExchange(ref _saidAt, now, said) == said)
        {
            Interlocked.Add(ref _failures, -failures);
            _logger.WebhookFailed(rules.Webhook!.Authority, problem, failures, isRefused ? "refused" : "let through", rules.WebhookOptions.TimeoutMs);
        }

        if (!isRefused || exchange.Aborted.IsCancellationRequested)
        {
            exchange.Aborted.ThrowIfCancellationRequested();
            return null;
        }

        return new GatewayError(
            ErrorCode.GuardUnavailable,
            $"The guard that this gateway asks about each call {problem}, so the call was not let through. The operator has to look at LlmProxy:Guards:Webhook.");
    }
}
