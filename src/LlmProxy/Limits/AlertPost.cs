using System.Net.Http.Headers;
using System.Text.Json;
using LlmProxy.Accounting;

namespace LlmProxy.Limits;

/// <summary>Posts an alert as JSON; tries a few times, then says in the log that nobody took it. The address may be a secret: only its host is ever named.</summary>
internal sealed class AlertPost : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)];

    private readonly HttpMessageInvoker _client;
    private readonly TimeProvider _time;
    private readonly ILogger<AlertPost> _logger;

    public AlertPost(TimeProvider time, ILogger<AlertPost> logger, HttpMessageInvoker? client = null)
    {
        _time = time;
        _logger = logger;
        _client = client ?? new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        });
    }

    public async Task SendAsync(Alert alert, Uri address, CancellationToken stop)
    {
        byte[] body = Write(alert);
        for (int attempt = 0; ; attempt++)
        {
            string? failure = await TrySendAsync(body, address, stop);
            if (failure is null || stop.IsCancellationRequested)
            {
                return;
            }

            if (attempt == Pauses.Length)
            {
                _logger.AlertNotTaken(address.Host, failure, attempt + 1);
                return;
            }

            await Task.Delay(Pauses[attempt], _time, stop);
        }
    }

    /// <summary>"text" is what chat systems show of a message that they were sent.</summary>
    public static byte[] Write(Alert alert)
    {
        var body = new System.Buffers.ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("event", alert.IsBudget ? "budget_threshold" : "unusual_spend");
            json.WriteString("text", alert.Text);
            json.WriteString(alert.OwnerWord, alert.Name);
            json.WriteString("at", alert.At);
            if (alert.IsBudget)
            {
                json.WriteNumber("percent", alert.Percent);
                json.WriteString("period", alert.PeriodWord);
                json.WriteString("period_start", alert.Span.Start);
                WriteAmount(json, "budget", alert.Of, alert.IsMoney);
            }
            else
            {
                json.WriteNumber("minutes", (int)SpendRate.Span.TotalMinutes);
                WriteAmount(json, "usual", alert.Of, alert.IsMoney);
            }

            WriteAmount(json, "spent", alert.Spent, alert.IsMoney);
            json.WriteEndObject();
        }

        return body.WrittenSpan.ToArray();
    }

    public void Dispose() => _client.Dispose();

    private async Task<string?> TrySendAsync(byte[] body, Uri address, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stop);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using HttpResponseMessage response = await _client.SendAsync(request, either.Token);
            return response.IsSuccessStatusCode ? null : $"it answered {(int)response.StatusCode}";
        }
        catch (OperationCanceledException)
        {
            return $"it did not answer within {Patience.TotalSeconds:0} s";
        }
        catch (Exception e)
        {
            // Whatever it is, it must not end the one who posts. Its own words may repeat the address.
            return e is HttpRequestException failed ? failed.HttpRequestError.ToString() : e.GetType().Name;
        }
    }

    private static void WriteAmount(Utf8JsonWriter json, string name, long amount, bool isMoney)
    {
        if (isMoney)
        {
            json.WriteNumber(name + "_usd", Money.ToUsd(amount));
        }
        else
        {
            json.WriteNumber(name + "_tokens", amount);
        }
    }
}
