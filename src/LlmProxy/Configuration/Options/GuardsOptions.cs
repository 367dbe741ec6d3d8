using System.ComponentModel.DataAnnotations;

namespace LlmProxy.Configuration.Options;

internal sealed class GuardsOptions
{
    /// <summary>Detectors, each with what is done: "emails", "cards:block", "ip:log". Without a word: mask.</summary>
    public List<string> Redact { get; set; } = [];

    public RedactFor RedactFor { get; set; } = RedactFor.External;

    /// <summary>Detectors of the operator's own: a name, and a regular expression.</summary>
    public Dictionary<string, string> Patterns { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether /pass may be used although no guard can read what passes there.</summary>
    public bool AllowPass { get; set; }

    public WebhookGuardOptions Webhook { get; set; } = new();
}

internal enum RedactFor
{
    External,
    All,
}

internal sealed class WebhookGuardOptions
{
    public string Url { get; set; } = "";

    [Range(1, 600_000)] public int TimeoutMs { get; set; } = 1000;

    public OnGuardFailure OnFailure { get; set; } = OnGuardFailure.Refuse;

    /// <summary>Whether it sees requests, answers or both.</summary>
    public WebhookStage On { get; set; } = WebhookStage.Before;

    /// <summary>The address is the house's own, although it does not look like it: it may see what must not leave.</summary>
    public bool Local { get; set; }

    /// <summary>Sent with each question, a credential for instance.</summary>
    public Dictionary<string, Secret> Headers { get; set; } = new(StringComparer.OrdinalIgnoreCase);
}

internal enum OnGuardFailure
{
    Refuse,
    Allow,
}

internal enum WebhookStage
{
    Before,
    After,
    Both,
}
