using LlmProxy.Configuration.Options;

namespace LlmProxy.Configuration.Checks;

/// <summary>Settings that are read and that nothing obeys yet: whoever writes one is told. The list gets shorter as the gateway grows.</summary>
internal static class NotYetEnforced
{
    public static void Warn(GatewayOptions options, Findings findings)
    {
        var defaults = new GatewayOptions();
        WarnOfKeys(options, findings);
        WarnOfRouting(options, defaults, findings);
        WarnOfLimits(options, defaults, findings);
        WarnOfStores(options, defaults, findings);
        WarnOfGuards(options, defaults, findings);
    }

    private static void WarnOfKeys(GatewayOptions options, Findings findings)
    {
        List<KeyOptions> keys = options.Keys;
        Each(findings, "Keys", nameof(KeyOptions.Tags), keys, key => key.Tags.Count > 0, key => key.Name);
    }

    private static void WarnOfRouting(GatewayOptions options, GatewayOptions defaults, Findings findings)
    {
        RoutingOptions routing = options.Routing;
        If(routing.ReplicaPolicy == ReplicaPolicy.LeastLoad, "Routing:ReplicaPolicy: least_load (least_requests is used)", findings);
    }

    private static void WarnOfLimits(GatewayOptions options, GatewayOptions defaults, Findings findings)
    {
        LimitsOptions limits = options.Limits;
        If(limits.MaxPromptChars != 0, "Limits:MaxPromptChars", findings);
        If(limits.MaxMessages != 0, "Limits:MaxMessages", findings);
    }

    private static void WarnOfStores(GatewayOptions options, GatewayOptions defaults, Findings findings)
    {
        If(options.Database.RetentionDays != 0, "Database:RetentionDays", findings);
        bool isJournalChanged = options.Journal.Directory != defaults.Journal.Directory
            || options.Journal.MaxBytes != defaults.Journal.MaxBytes
            || options.Journal.WhenFull != defaults.Journal.WhenFull;
        If(isJournalChanged, "Journal", findings);
    }

    private static void WarnOfGuards(GatewayOptions options, GatewayOptions defaults, Findings findings)
    {
        If(options.Auth.TrustedProxies.Count > 0, "Auth:TrustedProxies", findings);
        If(options.Logging.Prompts, "Logging:Prompts", findings);
        If(options.Guards.Redact.Count > 0 || options.Guards.RedactFor != RedactFor.External, "Guards:Redact", findings);
        If(options.Guards.Webhook.Url.Length > 0, "Guards:Webhook", findings);
    }

    private static void Each<T>(Findings findings, string section, string option, IEnumerable<T> all, Func<T, bool> isSet, Func<T, string> name)
    {
        string[] names = [.. all.Where(isSet).Select(name)];
        If(names.Length > 0, $"{section}:{option} ({string.Join(", ", names.Take(5))}{(names.Length > 5 ? ", ..." : "")})", findings);
    }

    private static void If(bool isSet, string option, Findings findings)
    {
        if (isSet)
        {
            findings.Warn($"LlmProxy:{option}: is read, but this version does not act on it yet");
        }
    }
}
