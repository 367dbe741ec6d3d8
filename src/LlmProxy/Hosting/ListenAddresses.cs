namespace LlmProxy.Hosting;

/// <summary>Where the gateway will listen, known before it does: ASP.NET's own settings, else this machine alone.</summary>
internal static class ListenAddresses
{
    public const string Default = "http://localhost:8080";

    public static IReadOnlyList<string> From(IConfiguration configuration)
    {
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren()
            .Select(endpoint => endpoint["Url"])
            .OfType<string>()
            .ToList();
        if (endpoints.Count > 0)
        {
            return endpoints;
        }

        if (configuration["urls"] is { Length: > 0 } urls)
        {
            return urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        }

        List<string> ports = [.. Ports(configuration["http_ports"], "http"), .. Ports(configuration["https_ports"], "https")];
        return ports.Count > 0 ? ports : [Default];
    }

    /// <summary>One more where Kestrel's own endpoints are configured: it then listens on nothing else.</summary>
    public static IConfiguration WithEndpoint(IConfiguration configuration, string name, string url) =>
        configuration.GetSection("Kestrel:Endpoints").GetChildren().Any()
            ? new ConfigurationBuilder().AddConfiguration(configuration).AddInMemoryCollection([new($"Kestrel:Endpoints:{name}:Url", url)]).Build()
            : configuration;

    private static IEnumerable<string> Ports(string? ports, string scheme) =>
        (ports ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(port => $"{scheme}://*:{port}");
}
