using System.Buffers;
using LlmProxy.Accounting.Journal;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Configuration.Checks;

/// <summary>What must be true of single settings beyond their range.</summary>
internal static class SettingChecks
{
    private static readonly SearchValues<char> NotInPrefix = SearchValues.Create("{} \t\r\n");

    public static void Check(GatewayOptions options, Findings findings)
    {
        CheckAddress("LlmProxy:Guards:Webhook:Url", options.Guards.Webhook.Url, findings);
        GuardChecks.Check(options.Guards, findings);
        CheckAddress("LlmProxy:Alerts:WebhookUrl", options.Alerts.WebhookUrl, findings);
        if (options.Database.Connection != new DatabaseOptions().Connection && Storage.DatabaseTarget.Problem(options.Database.Connection) is { } problem)
        {
            findings.Mistake($"LlmProxy:Database:Connection: {problem}");
        }

        if (options.Redis.Connection.Length > 0 && Redis.RedisAddress.Problem(options.Redis.Connection) is { } redisProblem)
        {
            findings.Mistake($"LlmProxy:Redis:Connection: {redisProblem}");
        }

        if (options.Redis.Prefix.AsSpan().IndexOfAny(NotInPrefix) >= 0)
        {
            findings.Mistake("LlmProxy:Redis:Prefix: must be without braces and spaces");
        }

        if (options.Journal.MaxBytes is > 0 and < JournalRoom.LeastBytes)
        {
            findings.Mistake($"LlmProxy:Journal:MaxBytes: must be at least {JournalRoom.LeastBytes}, or 0 for no limit");
        }

        SemanticCacheOptions semantic = options.Cache.Semantic;
        if (semantic.Workspaces.Count > 0 && !options.Llms.Exists(llm => llm.Name.Equals(semantic.Llm, StringComparison.OrdinalIgnoreCase)))
        {
            findings.Warn($"LlmProxy:Cache:Semantic:Llm: no LLM named \"{semantic.Llm}\" is configured here: questions are not compared until there is one");
        }

        foreach (string host in options.Fetch.AllowHosts)
        {
            bool isHost = Uri.CheckHostName(host.Trim('[', ']')) != UriHostNameType.Unknown;
            if (!isHost && !System.Net.IPNetwork.TryParse(host, out _))
            {
                findings.Mistake($"LlmProxy:Fetch:AllowHosts: \"{host}\" is neither a host name nor an address nor a network like 10.0.0.0/8");
            }
        }

        foreach (int percent in options.Alerts.At)
        {
            if (percent is < 1 or > 1000)
            {
                findings.Mistake($"LlmProxy:Alerts:At: {percent} is no percentage of a budget");
            }
        }
    }

    private static void CheckAddress(string key, string address, Findings findings)
    {
        if (address.Length > 0 && Text.AddressProblem(address) is { } problem)
        {
            findings.Mistake($"{key}: {problem}");
        }
    }
}
