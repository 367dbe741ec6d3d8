using LlmProxy.Configuration.Options;
using LlmProxy.Guards;

namespace LlmProxy.Configuration.Checks;

/// <summary>What must be true of Guards: detectors that exist, patterns that compile, headers that can be sent.</summary>
internal static class GuardChecks
{
    public static void Check(GuardsOptions options, Findings findings)
    {
        RedactionRules.Compile(options, findings.Mistake);
        foreach (string unused in options.Patterns.Keys.Where(name => !options.Redact.Exists(entry => entry.Split(':')[0].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))))
        {
            findings.Warn($"LlmProxy:Guards:Patterns:{unused}: is not named in Guards:Redact, so nothing looks for it");
        }

        foreach ((string name, Secret value) in options.Webhook.Headers)
        {
            if (!Text.IsHeaderName(name) || !Text.IsHeaderValue(value.Reveal()))
            {
                findings.Mistake($"LlmProxy:Guards:Webhook:Headers:{name}: is no header that can be sent");
            }
        }

        var defaults = new WebhookGuardOptions();
        if (options.Webhook.Url.Length == 0 && (options.Webhook.On != defaults.On || options.Webhook.Local || options.Webhook.Headers.Count > 0))
        {
            findings.Warn("LlmProxy:Guards:Webhook: has no Url, so nobody is asked");
        }
    }
}
