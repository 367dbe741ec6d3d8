using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LlmProxy.TestKit;

/// <summary>How a vendor answers one call.</summary>
public delegate Task UpstreamAnswer(UpstreamCall call);

/// <summary>A vendor of OpenAI's dialect on a loopback port: keeps what it was sent, answers as the test wrote.</summary>
public sealed class ScriptedUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, ConcurrentQueue<UpstreamAnswer>> _once = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, UpstreamAnswer> _byModel = new(StringComparer.Ordinal);
    private readonly List<UpstreamCall> _calls = [];
    private readonly List<(Func<UpstreamCall, bool> Wanted, TaskCompletionSource<UpstreamCall> Found)> _waiting = [];
    private readonly Lock _gate = new();
    private volatile UpstreamAnswer? _always;
    private volatile UpstreamAnswer _otherwise = OpenAiAnswers.Default;

    private ScriptedUpstream(X509Certificate2? certificate)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                if (certificate is not null)
                {
                    listen.UseHttps(certificate);
                }
            });
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.AddServerHeader = true;
        });
        _app = builder.Build();
        _app.Run(ServeAsync);
    }

    /// <summary>The address without a path.</summary>
    public string Address { get; private set; } = "";

    /// <summary>As a vendor's base URL is written.</summary>
    public string BaseUrl => Address + "/v1";

    /// <summary>Calls for answers (POST), without the gateway's own probes.</summary>
    public IReadOnlyList<UpstreamCall> Calls => Snapshot(call => call.Method == "POST");

    /// <summary>Everything that came, probes included.</summary>
    public IReadOnlyList<UpstreamCall> All => Snapshot(_ => true);

    /// <summary>With a certificate it speaks TLS.</summary>
    public static async Task<ScriptedUpstream> StartAsync(X509Certificate2? certificate = null)
    {
        var upstream = new ScriptedUpstream(certificate);
        await upstream._app.StartAsync();
        upstream.Address = upstream._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return upstream;
    }

    /// <summary>How calls are answered that no other script is for.</summary>
    public void Otherwise(UpstreamAnswer answer) => _otherwise = answer;

    /// <summary>How everything is answered, calls of other methods than POST and probes included.</summary>
    public void Always(UpstreamAnswer answer) => _always = answer;

    /// <summary>How every call for this model is answered.</summary>
    public void On(string model, UpstreamAnswer answer) => _byModel[model] = answer;

    /// <summary>How the next calls for this model are answered, one after another, before any other script.</summary>
    public void Once(string model, params ReadOnlySpan<UpstreamAnswer> answers)
    {
        ConcurrentQueue<UpstreamAnswer> queue = _once.GetOrAdd(model, _ => new ConcurrentQueue<UpstreamAnswer>());
        foreach (UpstreamAnswer answer in answers)
        {
            queue.Enqueue(answer);
        }
    }

    public IReadOnlyList<UpstreamCall> CallsFor(string model) => Snapshot(call => call.Method == "POST" && call.Model == model);

    /// <summary>The first call for this model: at once when it has come, else when it comes.</summary>
    public Task<UpstreamCall> CallAsync(string model) => CallAsync(call => call.Method == "POST" && call.Model == model);

    public async Task<UpstreamCall> CallAsync(Func<UpstreamCall, bool> wanted)
    {
        var found = new TaskCompletionSource<UpstreamCall>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_calls.FirstOrDefault(wanted) is { } call)
            {
                return call;
            }

            _waiting.Add((wanted, found));
        }

        return await found.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private IReadOnlyList<UpstreamCall> Snapshot(Func<UpstreamCall, bool> wanted)
    {
        lock (_gate)
        {
            return [.. _calls.Where(wanted)];
        }
    }

    private async Task ServeAsync(HttpContext http)
    {
        using var body = new MemoryStream((int)Math.Min(http.Request.ContentLength ?? 0, 1 << 26));
        try
        {
            await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ConnectionResetException or BadHttpRequestException)
        {
            return; // Cut in the middle: it never became a call.
        }

        var call = new UpstreamCall(http, body.ToArray());
        Record(call);
        try
        {
            await AnswerFor(call)(call);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ConnectionResetException)
        {
            // The gateway left; the call has noted when.
        }
        finally
        {
            call.Done();
        }
    }

    private UpstreamAnswer AnswerFor(UpstreamCall call)
    {
        if (_always is { } always)
        {
            return always;
        }

        if (call.Method == "POST")
        {
            if (_once.TryGetValue(call.Model, out ConcurrentQueue<UpstreamAnswer>? queue) && queue.TryDequeue(out UpstreamAnswer? next))
            {
                return next;
            }

            return _byModel.TryGetValue(call.Model, out UpstreamAnswer? scripted) ? scripted : _otherwise;
        }

        return OpenAiAnswers.Default;
    }

    private void Record(UpstreamCall call)
    {
        lock (_gate)
        {
            _calls.Add(call);
            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                if (_waiting[i].Wanted(call))
                {
                    _waiting[i].Found.TrySetResult(call);
                    _waiting.RemoveAt(i);
                }
            }
        }
    }
}
