using System.Collections.Frozen;
using LlmProxy.Access;
using LlmProxy.Accounting;
using LlmProxy.Admin;
using LlmProxy.Caching;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Endpoints.Swagger;
using LlmProxy.Forwarding;
using LlmProxy.Guards;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Redis;
using LlmProxy.Storage;
using LlmProxy.Telemetry;
using LlmProxy.Telemetry.Logs;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace LlmProxy.Hosting;

/// <summary>Puts the gateway together: one Add line per folder, one Map line per group of routes; starts it and takes it down.</summary>
internal static class GatewayHost
{
    private const int KestrelHeaderBytes = 256 * 1024;
    private const int KestrelHeaderCount = 1000;

    public static async Task<int> RunAsync(string[] args)
    {
        string root = Directory.GetCurrentDirectory();
        var boot = GatewayBoot.Read(args, root);
        if (boot.Mistakes.Count > 0)
        {
            return Refuse("The configuration has mistakes; nothing was started:", boot.Mistakes);
        }

        WebApplication? app = null;
        try
        {
            app = Build(boot, args, root);
            await app.StartAsync();
        }
        catch (IOException e)
        {
            return Refuse("The gateway cannot listen:", [e.Message + " Choose another address with ASPNETCORE_URLS."]);
        }

        await using (app)
        {
            if (AfterStart(app, boot) is { } refusal)
            {
                await app.StopAsync();
                return Refuse("The gateway does not start:", [refusal]);
            }

            await app.WaitForShutdownAsync();
        }

        return 0;
    }

    private static WebApplication Build(GatewayBoot boot, string[] args, string root)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            Args = args,
            ContentRootPath = root,
            EnvironmentName = boot.EnvironmentName,
            ApplicationName = typeof(GatewayHost).Assembly.GetName().Name,
        });
        builder.Configuration.AddConfiguration(boot.HostConfiguration);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Configure(boot.HostConfiguration.GetSection("Kestrel"));
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MaxRequestHeadersTotalSize = KestrelHeaderBytes;
            kestrel.Limits.MaxRequestHeaderCount = KestrelHeaderCount;
        });
        builder.WebHost.UseUrls([.. boot.Urls]);
        LogLevels levels = builder.AddGatewayLogging(boot.Loaded.Options.Logging.Format, boot.Loaded.LogLevel ?? LogLevel.Information);
        AddServices(builder.Services, boot);

        WebApplication app = builder.Build();

        // YARP registers what makes the host put these two before every request; the gateway has its own gate.
        ((IApplicationBuilder)app).Properties["__AuthenticationMiddlewareSet"] = true;
        ((IApplicationBuilder)app).Properties["__AuthorizationMiddlewareSet"] = true;
        app.Services.GetRequiredService<GatewayConfigurator>().ApplyFirst(boot, levels);
        Map(app);
        return app;
    }

    private static void AddServices(IServiceCollection services, GatewayBoot boot)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(boot);
        services.AddRouting();
        services.AddSingleton<BoundAddresses>();
        services.AddSingleton<Shutdown>();
        services.AddSingleton<IHostLifetime, DrainingLifetime>();
        services.AddStorage();
        services.AddRedis();
        services.AddGatewayConfiguration();
        services.AddAccess();
        services.AddLimits();
        services.AddGuards();
        services.AddCaching();
        services.AddAccounting();
        services.AddForwarding();
        services.AddPipeline();
        services.AddGatewayTelemetry();
        services.AddSingleton<ModelRoutes>();
        services.AddSingleton<OllamaRoutes>();
        services.AddSingleton<KeyRoute>();
        services.AddSingleton<HealthRoutes>();
        services.AddSingleton<MetricsRoute>();
        services.AddAdmin();
        services.AddGatewaySwagger();
        services.RemoveKeyRing();
    }

    private static void Map(WebApplication app)
    {
        BoundAddresses addresses = app.Services.GetRequiredService<BoundAddresses>();
        FrozenDictionary<string, RequestDelegate> straight = ClientRoutes.Straight(app.Services.GetRequiredService<GatewayPipeline>());
        app.Use(next => http =>
        {
            if (addresses.HasMetricsPort && addresses.IsMetricsPort(http.Connection.LocalPort) && http.Request.Path != "/metrics")
            {
                return ClientRoutes.RefuseUnknown(http);
            }

            return HttpMethods.IsPost(http.Request.Method) && straight.TryGetValue(http.Request.Path.Value ?? "", out RequestDelegate? run) ? run(http) : next(http);
        });
        app.UseRouting(); // Here: else the host looks for a route before all of this.
        app.MapReverseProxy();
        app.MapClientRoutes();
        app.MapAzureRoutes();
        app.MapPassRoutes();
        ModelRoutes.Map(app);
        OllamaRoutes.Map(app);
        KeyRoute.Map(app);
        HealthRoutes.Map(app);
        MetricsRoute.Map(app);
        app.MapAdmin();
        app.MapGatewaySwagger();
        app.MapFallback("/{**path}", (RequestDelegate)ClientRoutes.RefuseUnknown);
    }

    /// <summary>What the real addresses show may still be a reason not to serve.</summary>
    private static string? AfterStart(WebApplication app, GatewayBoot boot)
    {
        ICollection<string> bound = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        BoundAddresses addresses = app.Services.GetRequiredService<BoundAddresses>();
        addresses.Set(bound, boot.Loaded.Options.Metrics.Port);
        if (StartRules.Decide(boot.Loaded.Options, addresses.ForClients, out string? refusal) is null)
        {
            return refusal;
        }

        app.Services.GetRequiredService<GatewayConfigurator>().Serve();
        return null;
    }

    private static int Refuse(string headline, IReadOnlyList<string> lines)
    {
        Console.Error.WriteLine(headline);
        foreach (string line in lines)
        {
            Console.Error.WriteLine("  " + line);
        }

        return 1;
    }
}
