using System.Collections.Frozen;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using LlmProxy.Access;
using LlmProxy.Accounting;
using LlmProxy.Accounting.Journal;
using LlmProxy.Caching;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Guards;
using LlmProxy.Hosting;
using LlmProxy.Limits;
using LlmProxy.Media;
using LlmProxy.Pass;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Redis;
using LlmProxy.Routing;
using LlmProxy.Storage;
using LlmProxy.Telemetry;
using LlmProxy.Telemetry.Logs;
using LlmProxy.Tests.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Tests.Boundary;

/// <summary>The gateway's own parts around one registry after the other, without sockets: every way out ends in something that takes notes.</summary>
internal sealed class House : IDisposable
{
    private readonly QuietTime _time = new();
    private readonly TemporaryFolder _folder = new();
    private readonly ServiceProvider _services;
    private readonly GatewayPipeline _pipeline;
    private readonly PassPipeline _pass;

    public House()
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(_time);
        services.AddLogging();
        services.AddSingleton<ILoggerProvider, Complaints>();
        services.AddSingleton(_ => new LogWriter(Stream.Null, new JsonLogFormat(), TimeProvider.System));
        services.AddSingleton<RequestLog>();
        services.AddSingleton<Shutdown>();
        services.AddSingleton<SnapshotHolder>();
        services.AddStorage();
        services.AddAccess();
        services.AddLimits();
        services.AddCaching();
        services.AddRedis();
        services.AddAccounting();
        services.AddForwarding();
        services.AddGuards();
        services.AddPipeline();
        services.AddGatewayTelemetry();
        services.AddSingleton(provider => new MediaFetcher(provider.GetRequiredService<SnapshotHolder>(), _time, new HttpMessageInvoker(new Fetched())));
        _services = services.BuildServiceProvider();
        CallJournal journal = _services.GetRequiredService<CallJournal>();
        journal.Use(new JournalOptions { MaxBytes = 0 }, _folder.Path);
        Assert.NotNull(journal.TryOpen());
        _pipeline = _services.GetRequiredService<GatewayPipeline>();
        _pass = _services.GetRequiredService<PassPipeline>();
    }

    /// <summary>Another registry from here on; nothing is known of its LLMs.</summary>
    /// <param name="options">The registry.</param>
    /// <param name="random">Which replicas are believed to be down; null: none.</param>
    public void Open(GatewayOptions options, Random? random)
    {
        var states = new LlmStates(_time);
        List<Deployment> deployments = [.. options.Llms.Select(llm => Deploy(llm, options, states, random))];
        var snapshot = new GatewaySnapshot
        {
            Options = options,
            AuthMode = AuthMode.Open,
            Keys = new KeyRing(options),
            Llms = deployments.ToFrozenDictionary(d => d.Name, StringComparer.OrdinalIgnoreCase),
            Models = new ModelDirectory(options, deployments),
            Workspaces = FrozenDictionary<string, WorkspaceOptions>.Empty,
        };
        _services.GetRequiredService<SnapshotHolder>().Publish(snapshot);
        AnswerCache cache = _services.GetRequiredService<AnswerCache>();
        cache.Apply(new CacheOptions { Enabled = false });
        cache.Apply(options.Cache);
    }

    public async Task RunAsync(BoundaryCase call)
    {
        BoundaryCase.Current = call;
        using var leave = new CancellationTokenSource(call.LeavesAfterMs >= 0 ? TimeSpan.FromMilliseconds(call.LeavesAfterMs) : Timeout.InfiniteTimeSpan, _time);
        var response = new Response();
        var http = new DefaultHttpContext();
        http.Features.Set<IHttpResponseFeature>(response);
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(response));
        http.RequestServices = _services;
        http.RequestAborted = leave.Token;
        call.Http = http;
        call.Leaving = leave;
        call.Answer = response;
        byte[] body = Encoding.UTF8.GetBytes(call.Body);
        http.Request.Method = "POST";
        http.Request.Scheme = "http";
        http.Request.Host = new HostString("localhost");
        http.Request.ContentType = "application/json";
        http.Request.ContentLength = body.Length;
        http.Request.Body = new MemoryStream(body);
        foreach ((string name, string value) in call.Wishes)
        {
            http.Request.Headers["x-llm-" + name.Replace('_', '-')] = value;
        }

        if (call.Key is not null)
        {
            http.Request.Headers.Authorization = "Bearer " + call.Key;
        }

        if (call.Endpoint is { } endpoint)
        {
            http.Request.Path = endpoint.Routes[0];
            await _pipeline.RunAsync(http, endpoint);
        }
        else
        {
            http.Request.RouteValues["llm"] = call.Model;
            http.Request.Path = $"/pass/{call.Model}/chat/completions";
            await _pass.RunAsync(http);
        }
    }

    /// <summary>Where a call goes first when no vendor fails and nothing is known of any; null: nowhere.</summary>
    public async Task<Sighting?> RunWellAsync(BoundaryCase call, GatewayOptions options)
    {
        Open(options, random: null);
        BoundaryCase well = call.WhenAllIsWell();
        await RunAsync(well);
        return well.Seen.FirstOrDefault(seen => !seen.Who.StartsWith("fetch ", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _services.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _folder.Dispose();
        _time.Dispose();
    }

    private Deployment Deploy(LlmOptions llm, GatewayOptions options, LlmStates states, Random? random)
    {
        IProvider provider = ProviderCatalog.All[llm.Provider];
        LlmState state = states.For(llm.Provider, llm.Name);
        if (llm.Auth.Missing.Count > 0)
        {
            return new Deployment(llm, provider, state) { Unavailable = llm.Auth.Missing[0] };
        }

        ClusterConfig config = ClusterConfigs.For(new Deployment(llm, provider, state), options);
        var cluster = new ClusterState(llm.Name, new ClusterModel(config, new HttpMessageInvoker(new RandomVendor(llm.Name, llm.Provider, _time))));
        foreach ((string id, DestinationConfig destination) in config.Destinations!)
        {
            cluster.Destinations[id] = new DestinationState(id, new DestinationModel(destination));
        }

        DestinationState[] all = [.. cluster.Destinations.Values];
        cluster.DestinationsState = new ClusterDestinationsState(all, random is null ? all : [.. all.Where(_ => random.Next(8) > 0)]);
        return new Deployment(llm, provider, state) { Cluster = cluster, Replicas = [.. all.Select(d => ReplicaPolicies.Of(d, d.Model.Config.Address))] };
    }

    /// <summary>What the client gets; it has started with its first byte, as a server's would.</summary>
    internal sealed class Response : MemoryStream, IHttpResponseFeature
    {
        public int StatusCode { get; set; } = 200;

        public string? ReasonPhrase { get; set; }

        public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

        public Stream Body { get; set; } = Null;

        public bool HasStarted => Length > 0;

        public void OnStarting(Func<object, Task> callback, object state)
        {
        }

        public void OnCompleted(Func<object, Task> callback, object state)
        {
        }
    }

    /// <summary>What the gateway itself broke on.</summary>
    private sealed class Complaints : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Error && BoundaryCase.Current is { } call)
            {
                call.Wrong ??= formatter(state, exception) + " " + exception;
            }
        }
    }

    /// <summary>Stands where the media fetcher's HTTP client would.</summary>
    private sealed class Fetched : HttpMessageHandler
    {
        private static readonly byte[] Png = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0x0D];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            BoundaryCase.Current!.Seen.Enqueue(new Sighting("fetch " + request.RequestUri!.Host, null, "answer", 0));
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new ByteArrayContent(Png) { Headers = { ContentType = MediaTypeHeaderValue.Parse("image/png") } },
            });
        }
    }
}
