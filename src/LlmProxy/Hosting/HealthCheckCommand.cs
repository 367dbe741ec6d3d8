using System.Globalization;

namespace LlmProxy.Hosting;

/// <summary>"dotnet LlmProxy.dll healthcheck": asks a running gateway on this machine whether it lives, for containers without curl.</summary>
internal static class HealthCheckCommand
{
    public static async Task<int> RunAsync(string[] args)
    {
        string address = args.Length > 1 ? args[1] : OwnAddress();
        using var handler = new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(3) };
        using var client = new HttpMessageInvoker(handler);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(4));
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address + "/health/live"));
            using HttpResponseMessage response = await client.SendAsync(request, patience.Token);
            if (response.IsSuccessStatusCode)
            {
                return 0;
            }

            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{address} answered {(int)response.StatusCode}"));
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or UriFormatException)
        {
            await Console.Error.WriteLineAsync($"{address} does not answer: {e.Message}");
        }

        return 1;
    }

    /// <summary>The first address the gateway would listen on with this environment, seen from inside.</summary>
    private static string OwnAddress()
    {
        string? ports = Environment.GetEnvironmentVariable("ASPNETCORE_HTTP_PORTS") ?? Environment.GetEnvironmentVariable("DOTNET_HTTP_PORTS");
        string? urls = Environment.GetEnvironmentVariable("ASPNETCORE_URLS") ?? Environment.GetEnvironmentVariable("DOTNET_URLS");
        string first = (urls ?? (ports is null ? ListenAddresses.Default : "http://localhost:" + ports.Split(';')[0])).Split(';')[0].TrimEnd('/');
        return first
            .Replace("://0.0.0.0", "://127.0.0.1", StringComparison.Ordinal)
            .Replace("://[::]", "://[::1]", StringComparison.Ordinal)
            .Replace("://*", "://127.0.0.1", StringComparison.Ordinal)
            .Replace("://+", "://127.0.0.1", StringComparison.Ordinal);
    }
}
